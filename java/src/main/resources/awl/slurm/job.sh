#!/bin/bash
@OPTIONS@
# Written by awl slurm. USR1 to this shell: the nodes will be taken away; ranks write a checkpoint, the job is queued again.
set -u
@EXPORTS@
resume=
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
  resume=@RESUME@
fi
echo "awl: job $SLURM_JOB_ID on ${SLURM_JOB_NODELIST:-?}, start $((${SLURM_RESTART_COUNT:-0} + 1)) $resume"

leave=
trap 'leave=requeue; scancel --signal=TERM "$SLURM_JOB_ID" 2> /dev/null' USR1
trap 'leave=${leave:-wait}' TERM # the ranks have it too; a second one would end them at once

srun --kill-on-bad-exit=0 @COMMAND@ $resume &
ranks=$!
while :; do
  wait "$ranks"
  code=$?
  kill -0 "$ranks" 2> /dev/null || break # else a signal ended the waiting, not the ranks
done
echo "awl: ranks ended with $code"

# 143: ranks were asked to stop and can go on. Is the job itself being cancelled or requeued, that is Slurm's affair; it has
# to find it alive, for a job that is gone already is not queued again.
if [ "$code" -eq 143 ] || { [ "$code" -ne 0 ] && [ -n "$leave" ]; }; then
  if [ "$leave" != wait ] && [ "$(squeue --noheader --format=%T --jobs="$SLURM_JOB_ID")" = RUNNING ]; then
    scontrol requeue "$SLURM_JOB_ID" && exit "$code"
  fi
  sleep 600 &
  wait $!
fi
exit "$code"
