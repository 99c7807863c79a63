#!/bin/sh
# All processes of one machine: one for each GPU, or PROCESSES. Options go to train.py: ./launch.sh --fsdp 2
cd "$(dirname "$0")" || exit 1
GPUS=$(nvidia-smi --list-gpus 2>/dev/null | wc -l)
[ "$GPUS" -gt 0 ] || GPUS=1
exec torchrun --standalone --nproc-per-node "${PROCESSES:-$GPUS}" train.py "$@"
