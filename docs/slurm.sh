#!/bin/bash
# A run of any length on a cluster that preempts and limits time: sbatch docs/slurm.sh exp.toml results/exp.h5
# Slurm sends SIGUSR1 120 s before the end, or SIGTERM when it preempts: fedsim then writes a checkpoint and exits with 75, and
# the job queues itself again. --resume goes on where it was, or begins where there is nothing.
#SBATCH --job-name=fedsim
#SBATCH --time=04:00:00
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
set -u

config=$1 output=$2
# B: signals reach this shell alone. The program runs in the background, so that the shell can pass them on while it waits.
fedsim run "$config" -o "$output" --resume --threads "${SLURM_CPUS_PER_TASK:-0}" &
child=$!
trap 'kill -USR1 "$child"' USR1
trap 'kill -TERM "$child"' TERM

code=0
while :; do  # a signal interrupts wait, which then is to be called again
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
if [ "$code" -eq 75 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
