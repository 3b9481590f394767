#!/bin/sh
# Prints the path of an nvcc. Where none is on PATH, installs NVIDIA's compiler wheels into a folder (no root, no driver
# needed) and prints the one inside.
#   fetch-nvcc.sh [folder]        default: native/build/nvcc
# Then: cmake --preset cuda -DCMAKE_CUDA_COMPILER="$(cmake/fetch-nvcc.sh)"
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../native/build/nvcc}

if [ $# -eq 0 ] && command -v nvcc > /dev/null; then
  command -v nvcc
  exit 0
fi

# All of one minor version: an unpinned nvvm or crt comes from a later one, whose PTX this ptxas refuses.
version='13.1.*'
nvcc=$folder/nvidia/cu13/bin/nvcc
if [ ! -x "$nvcc" ]; then
  command -v python3 > /dev/null || { echo "fetch-nvcc.sh: neither nvcc nor python3 is on PATH" >&2; exit 1; }
  python3 -m pip install --quiet --no-deps --target "$folder" \
    "nvidia-cuda-nvcc==$version" "nvidia-nvvm==$version" "nvidia-cuda-crt==$version" \
    "nvidia-cuda-runtime==$version" "nvidia-cuda-cccl==$version" >&2
  # pip unpacks some of them without the executable bit.
  chmod +x "$folder"/nvidia/cu13/bin/* "$folder"/nvidia/cu13/nvvm/bin/* 2> /dev/null || true
fi
[ -x "$nvcc" ] || { echo "fetch-nvcc.sh: the wheels hold no $nvcc" >&2; exit 1; }
(cd "$(dirname "$nvcc")" && echo "$(pwd)/nvcc")
