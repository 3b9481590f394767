#!/usr/bin/env bash
# Builds the benchmarks and runs them; the result is a Markdown table on standard output.
#   benchmarks/run.sh [--only REGEX] [--rounds 3] [--set param=a,b] [--threads 2] [--output FILE]
# Each round starts every case once, in a process of its own, so that providers are interleaved.
#   benchmarks/run.sh head [--active 0.25] [--frozen true] ...     our loss head alone, for peers/compare.py
#   AWL_NO_BUILD=1   run what is built
set -euo pipefail
cd "$(dirname "$0")/.."
for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
  if [ -n "$candidate" ] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2> /dev/null; then
    export JAVA_HOME=$candidate
    break
  fi
done
if [ "${AWL_NO_BUILD:-0}" != 1 ]; then ./mvnw -q -pl java,benchmarks -DskipTests package 1>&2; fi
main=BenchmarkTable
if [ "${1:-}" = head ]; then
  main=HeadMeasure
  shift
fi
exec "${JAVA_HOME:?no JDK 25 was found: set JAVA_HOME}/bin/java" --enable-native-access=ALL-UNNAMED \
  -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dorg.bytedeco.javacpp.maxBytes=0 -Dawl.home="$PWD" -Xmx1g \
  -cp "benchmarks/target/classes:$(cat benchmarks/target/classpath.txt)" awl.benchmarks.$main "$@"
