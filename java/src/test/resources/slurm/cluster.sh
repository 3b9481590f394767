#!/usr/bin/env bash
# A real Slurm cluster of two nodes on this machine. usage: cluster.sh DIR [GRACE [PARAMETERS]] | cluster.sh DIR stop
# Needs root and Debian's packages slurmctld, slurmd and slurm-client. Its state is in DIR; it uses nobody else's keys.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)

# Sets `mine` to what of this cluster runs: its daemons, their step daemons, and what a job left behind.
find_mine() {
  mine=()
  for process in /proc/[0-9]*; do
    [ "${process#/proc/}" = $$ ] || ! grep -qzxF "SLURM_CONF=$dir/slurm.conf" "$process/environ" 2> /dev/null \
      || mine+=("${process#/proc/}")
  done
}

if [ "${2:-}" = stop ]; then
  # Comes back when all of it has ended: a daemon writes its state as it ends, and DIR is about to be deleted.
  signal=TERM
  for round in $(seq 120); do
    find_mine
    if [ ${#mine[@]} = 0 ]; then exit 0; fi
    if [ "$round" = 40 ]; then signal=KILL; fi
    if [ "$round" = 1 ] || [ "$signal" = KILL ]; then kill -$signal "${mine[@]}" 2> /dev/null || true; fi
    sleep 0.25
  done
  echo "still running in $dir: ${mine[*]}" >&2
  exit 1
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
