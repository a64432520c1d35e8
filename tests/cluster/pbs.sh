#!/usr/bin/env bash

#PBS -N diffview
#PBS -q normal
#PBS -A climate
#PBS -l select=1:ncpus=1:mem=7630MB
#PBS -l walltime=02:00:00

python -m distributed.cli.dask_worker tcp://HOST:PORT --name dummy-name --nthreads 1 --memory-limit 7.45GiB --nanny --death-timeout 60
