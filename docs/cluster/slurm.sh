#!/bin/sh
# Workers of one study, one on each GPU: sbatch slurm.sh STUDY
# CNNSEARCH_STORAGE names the storage; its password stands there or in ~/.pgpass.
#SBATCH --job-name=cnnsearch
#SBATCH --ntasks=4
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
set -eu
: "${CNNSEARCH_STORAGE:?name the storage, such as postgresql://user@host/database}"
srun --kill-on-bad-exit=0 cnnsearch worker --study "$1" --runs "${RUNS:-runs}" ${DATA:+--data "$DATA"}
