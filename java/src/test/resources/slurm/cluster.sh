#!/usr/bin/env bash
# A real Slurm cluster of two nodes on this machine. usage: cluster.sh DIR [GRACE [PARAMETERS]] | cluster.sh DIR stop
# Needs root and Debian's packages slurmctld, slurmd and slurm-client. Its state is in DIR; it uses nobody else's keys.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
if [ "${2:-}" = stop ]; then
  for f in "$dir"/slurmctld.pid "$dir"/slurmd.n?.pid; do [ ! -f "$f" ] || kill "$(cat "$f")" 2> /dev/null || true; done
  exit 0
fi
mkdir -p "$dir"/{spool,state}
for n in n1 n2; do grep -q "[[:space:]]$n\$" /etc/hosts || echo "127.0.0.1 $n" >> /etc/hosts; done
sed -e "s|@DIR@|$dir|g" -e "s|@HOST@|$(hostname)|g" -e "s|@CPUS@|$(nproc)|g" -e "s|@GRACE@|${2:-15}|" \
  -e "s#@PARAMETERS@#${3:+SlurmctldParameters=$3}#" "$(dirname "$0")/slurm.conf" > "$dir/slurm.conf"
export SLURM_CONF=$dir/slurm.conf
slurmctld -f "$SLURM_CONF"
slurmd -N n1 -f "$SLURM_CONF"
slurmd -N n2 -f "$SLURM_CONF"
for _ in $(seq 120); do
  if [ "$(sinfo -h -N -o %t 2> /dev/null | sort -u)" = idle ]; then exit 0; fi
  sleep 0.25
done
sinfo -N -l >&2
tail -n 20 "$dir"/*.log >&2
exit 1
