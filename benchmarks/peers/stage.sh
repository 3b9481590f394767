#!/usr/bin/env bash
# Brings the engine to a machine that takes only so much at a time and has no Java: a small Java runtime, the engine's jars
# and libtorch's CUDA natives, in pieces with checksums.
#   stage.sh runtime DIR            a Java runtime by jlink, into DIR (64 MB; needs a JDK 25)
#   stage.sh collect DIR [cpu|gpu]  runtime, jars, natives, kernels and these scripts, as they will lie there (cpu: for a dry run)
#   stage.sh split DIR OUT [MIB]    packs DIR into OUT/piece-000 ... of at most MIB mebibytes (60), and OUT/pieces.sha256
#   stage.sh join OUT DIR           checks every piece and unpacks; says which are missing or damaged
# There: DIR/awl COMMAND... runs the engine. The Maven profile cuda must have fetched its jars once: ./mvnw -Pcuda package.
set -euo pipefail
home=$(cd "$(dirname "$0")/../.." && pwd)

jdk() {
  for candidate in "${AWL_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    if [ -n "$candidate" ] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "stage.sh: no JDK 25 found: set JAVA_HOME" >&2
  exit 1
}

runtime() {
  rm -rf "$1"
  # What the class files of the engine and its libraries ask for; incubating and tool modules stay behind.
  "$(jdk)/bin/jlink" --output "$1" --strip-debug --no-header-files --no-man-pages --compress zip-6 \
    --add-modules java.base,java.compiler,java.desktop,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.management,jdk.unsupported,jdk.httpserver,jdk.crypto.ec,jdk.zipfs
  "$1/bin/java" -version 2>&1 | head -1
}

collect() {
  local to=$1 kind=${2:-gpu}
  rm -rf "$to"
  mkdir -p "$to/lib" "$to/native" "$to/peers"
  runtime "$to/runtime" > /dev/null
  local suffix=linux-x86_64
  [ "$kind" = gpu ] && suffix=linux-x86_64-gpu
  local jar
  jar=$(ls "$home"/java/target/awl-*.jar 2> /dev/null | grep -vE "sources|tests" | head -1 || true)
  if [ -n "$jar" ]; then
    cp "$jar" "$to/lib/awl.jar"
  else
    echo "stage.sh: no java/target/awl-*.jar: build it with ./mvnw -DskipTests package" >&2
    exit 1
  fi
  for each in "$home"/java/target/lib/*.jar; do
    case $(basename "$each") in
      pytorch-*-linux-x86_64*.jar) ;;
      *) cp "$each" "$to/lib/" ;;
    esac
  done
  local repository=${MAVEN_REPOSITORY:-$HOME/.m2/repository}/org/bytedeco natives
  natives=$(ls "$repository"/pytorch/*/pytorch-*-"$suffix".jar 2> /dev/null | tail -1 || true)
  if [ -z "$natives" ]; then
    echo "stage.sh: no pytorch-*-$suffix.jar below $repository: fetch it with ./mvnw -Pcuda -DskipTests package" >&2
    exit 1
  fi
  cp "$natives" "$to/lib/"
  if [ "$kind" = gpu ]; then
    cp "$repository"/cuda/*/cuda-*[0-9].jar "$repository"/cuda/*/cuda-*-linux-x86_64.jar "$to/lib/"
    mkdir -p "$to/native/build/cuda" && cp "$home/native/build/cuda/libawl_cuda.so" "$to/native/build/cuda/"
  else
    mkdir -p "$to/native/build/cpu" && cp "$home/native/build/cpu/libawl_cpu.so" "$to/native/build/cpu/"
  fi
  mkdir "$to/peers/contract"
  cp "$home"/benchmarks/peers/*.py "$to/peers/"
  cp "$home"/benchmarks/peers/contract/*.py "$to/peers/contract/"
  cat > "$to/awl" << 'LAUNCH'
#!/usr/bin/env bash
# libtorch's CUDA build needs NVIDIA's libraries before the JVM starts: those of the Python wheels, where they are.
here=$(cd "$(dirname "$0")" && pwd)
wheels=$(python3 -c 'import site,glob; print(":".join(p for s in site.getsitepackages()+[site.getusersitepackages()] for p in glob.glob(s+"/nvidia/*/lib")))' 2> /dev/null || true)
export LD_LIBRARY_PATH=$wheels${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
exec "$here/runtime/bin/java" --enable-native-access=ALL-UNNAMED -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 \
  -Dorg.bytedeco.javacpp.maxBytes=0 -Dai.djl.offline=true -DOPT_OUT_TRACKING=true -Dawl.home="$here" ${AWL_JAVA_OPTS:-} \
  -cp "$(printf '%s:' "$here"/lib/*.jar)" awl.cli.Main "$@"
LAUNCH
  chmod +x "$to/awl"
  du -sh "$to" | cut -f1
}

split_() {
  local from=$1 out=$2 mib=${3:-60}
  rm -rf "$out"
  mkdir -p "$out"
  # Jars and the runtime are compressed already.
  tar -C "$from" -cf - . | split -b "${mib}m" -d -a 3 - "$out/piece-"
  (cd "$out" && sha256sum piece-* > pieces.sha256)
  echo "$(ls "$out"/piece-* | wc -l) pieces of at most $mib MiB in $out"
}

join_() {
  local from=$1 to=$2
  (cd "$from" && sha256sum --check --quiet pieces.sha256) || {
    echo "stage.sh: pieces are missing or damaged (see above); bring them again" >&2
    exit 1
  }
  mkdir -p "$to"
  cat "$from"/piece-* | tar -C "$to" -xf -
  echo "joined in $to"
}

case ${1:-} in
  runtime) runtime "$2" ;;
  collect) collect "$2" "${3:-gpu}" ;;
  split) split_ "$2" "$3" "${4:-60}" ;;
  join) join_ "$2" "$3" ;;
  *)
    sed -n '2,9p' "$0"
    exit 2
    ;;
esac
