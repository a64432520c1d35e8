#!/usr/bin/env bash

#SBATCH -J diffview
#SBATCH -p normal
#SBATCH -A climate
#SBATCH -n 1
#SBATCH --cpus-per-task=1
#SBATCH --mem=8G
#SBATCH -t 02:00:00

python -m distributed.cli.dask_worker tcp://HOST:PORT --name dummy-name --nthreads 1 --memory-limit 7.45GiB --nanny --death-timeout 60
