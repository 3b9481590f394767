#!/bin/sh
# Builds libawl_cpu (preset "cpu"), quickly where nothing changed. Where there is no CMake or C++ compiler it says so
# and succeeds: the engine then runs on its libtorch reference, and native tests are skipped.
#   build-native.sh          builds
#   build-native.sh test     builds and runs the C++ contract tests, then again under the address sanitizer; then those
#                            of the CUDA kernels on a host emulation (no device, no nvcc), with and without the sanitizer
#   build-native.sh emulated builds the CUDA kernels on that emulation as a library, which Java's tests drive
#   build-native.sh cuda     builds libawl_cuda with the nvcc of fetch-nvcc.sh and tests it; tests that need a device
#                            are skipped where there is none
set -eu
cd "$(dirname "$0")/../native"
mode=${1:-build}

missing=
command -v cmake > /dev/null || missing=cmake
command -v c++ > /dev/null || command -v g++ > /dev/null || command -v clang++ > /dev/null || missing="$missing c++"
command -v ninja > /dev/null || command -v make > /dev/null || missing="$missing make"
if [ -n "$missing" ]; then
  echo "awl: native kernels are not built: missing $missing"
  exit 0
fi

target=
generator="Unix Makefiles"
command -v ninja > /dev/null && generator=Ninja

# build PRESET [option of the first cmake]...
build() {
  log=build/$1.log
  mkdir -p build
  if ! { [ -f "build/$1/CMakeCache.txt" ] || cmake --preset "$@" -G "$generator"; } > "$log" 2>&1 \
    || ! cmake --build --preset "$1" -j 2 ${target:+--target "$target"} >> "$log" 2>&1; then
    cat "$log"
    echo "awl: building native kernels failed (preset $1)"
    exit 1
  fi
}

if [ "$mode" = cuda ]; then
  nvcc=$(../cmake/fetch-nvcc.sh)
  build cuda "-DCMAKE_CUDA_COMPILER=$nvcc"
  ctest --preset cuda
  exit 0
fi
if [ "$mode" = emulated ]; then
  target=awl_cuda_emulated
  build cuda-emulated
  exit 0
fi
build cpu
echo "awl: native kernels are at native/build/cpu"
if [ "$mode" = test ]; then
  ctest --preset cpu
  for preset in cpu-asan cuda-emulated cuda-emulated-asan; do
    build $preset
    ctest --preset $preset
  done
fi
