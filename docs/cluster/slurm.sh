#!/bin/sh
# Workers of one study, one on each GPU.
#
#   sbatch slurm.sh STUDY SPACE     begins the study, and works for it
#   sbatch slurm.sh STUDY           works for one that was begun
#
# CNNSEARCH_STORAGE names the storage, such as postgresql://user@host/database; its password stands in ~/.pgpass.
# RUNS names the folder of the run folders (runs), DATA the images, where they are elsewhere than the space says.
#SBATCH --job-name=cnnsearch
#SBATCH --ntasks=4
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
set -eu
: "${CNNSEARCH_STORAGE:?name the storage, such as postgresql://user@host/database}"
study=${1:?name the study: slurm.sh STUDY [SPACE]}
if [ $# -gt 1 ]; then
    set -- run "$2"
else
    set -- worker
fi
export RUNS="${RUNS:-runs}"
# Each task has a folder of its own, where it finds its run again when the job is begun again.
exec srun --kill-on-bad-exit=0 sh -c 'exec cnnsearch "$@" --runs "$RUNS/$SLURM_PROCID"' cnnsearch \
    "$@" --study "$study" ${DATA:+--data "$DATA"}
