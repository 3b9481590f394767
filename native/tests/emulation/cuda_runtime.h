// CUDA's language and the little of its runtime that AWL's kernels use, on the host: the .cu files compile as plain C++
// against this header, and the contract tests run them where there is no device. For tests only; nothing here is shipped.
//
// Blocks run one after the other; the threads of a block are fibres that change places at barriers and warp functions.
//
// What a green test shows: arithmetic, indexing, shapes, and synchronisation in the two orders tried (threads and blocks
// ascending, and descending). Reported as a failed launch: a thread that misses a barrier or leaves before it, a warp
// function not reached by every lane of its mask, a grid or block out of bounds. Found by a crash: reads and writes
// behind a buffer (guard page; exact under the address sanitizer), device memory touched by host code. Shared and fresh
// device memory is full of NaN. What it does not show: races that both orders hide, missing fences, kernels that read
// host memory, static shared memory beyond 48 KiB (nvcc refuses it), speed, occupancy, and how the device rounds: FMA
// contraction, and functions whose device versions have an error of their own (expf, tanhf, exp in double precision).
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#if defined(__SANITIZE_ADDRESS__)
#define __shared__ static  // with the sanitizer's red zones
#else
#define __shared__ static __attribute__((section("awl_shared")))  // filled with NaN before each block
#endif

#define AWL_EMULATED __attribute__((visibility("default")))

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorNoDevice = 100,
    cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone = 0, cudaStreamCaptureStatusActive = 1 };
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;

AWL_EMULATED cudaError_t cudaMalloc(void **address, size_t bytes);
AWL_EMULATED cudaError_t cudaFree(void *address);
AWL_EMULATED cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaGetDeviceCount(int *count);
// The last launch's fault, told in full by cudaGetErrorString; forgotten once read.
cudaError_t cudaGetLastError();
const char *cudaGetErrorString(cudaError_t error);

// Of the test of cublas_lt.cu alone, whose clock it winds itself.
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status);

namespace emulation {

struct Place {
    const char *file;
    int line;
};

enum class Warp { shuffle, shuffle_xor, shuffle_down, shuffle_up, ballot, barrier };

// Every thread of every block calls the body; a fault ends the launch.
void run(dim3 grid, dim3 block, size_t shared_bytes, void (*body)(void *), void *context);

template <class Body>
void run(dim3 grid, dim3 block, size_t shared_bytes, const Body &body) {
    run(grid, block, shared_bytes, [](void *context) { (*(const Body *)context)(); }, (void *)&body);
}

void block_barrier(Place place);
uint64_t warp_function(Warp what, unsigned mask, uint64_t value, int argument, int width, Place place);
void *dynamic_shared();

template <class T>
T shuffle(Warp what, unsigned mask, T value, int argument, int width, Place place) {
    static_assert(sizeof(T) <= 8, "shuffles move up to eight bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(T));
    bits = warp_function(what, mask, bits, argument, width, place);
    memcpy(&value, &bits, sizeof(T));
    return value;
}

}  // namespace emulation

// Where in the source a barrier stands, so that threads at different ones are told apart.
#define AWL_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(AWL_HERE) { emulation::block_barrier({file, line}); }
inline void __syncwarp(unsigned mask = ~0u, AWL_HERE) {
    emulation::warp_function(emulation::Warp::barrier, mask, 0, 0, 32, {file, line});
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, AWL_HERE) {
    return emulation::shuffle(emulation::Warp::shuffle, mask, value, lane, width, {file, line});
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, AWL_HERE) {
    return emulation::shuffle(emulation::Warp::shuffle_xor, mask, value, lanes, width, {file, line});
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, AWL_HERE) {
    return emulation::shuffle(emulation::Warp::shuffle_down, mask, value, (int)by, width, {file, line});
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, AWL_HERE) {
    return emulation::shuffle(emulation::Warp::shuffle_up, mask, value, (int)by, width, {file, line});
}
inline unsigned __ballot_sync(unsigned mask, int predicate, AWL_HERE) {
    return (unsigned)emulation::warp_function(emulation::Warp::ballot, mask, predicate != 0, 0, 32, {file, line});
}
#undef AWL_HERE

inline float __uint_as_float(unsigned bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
inline unsigned __float_as_uint(float value) {
    unsigned bits;
    memcpy(&bits, &value, 4);
    return bits;
}
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __clz(int bits) { return bits ? __builtin_clz((unsigned)bits) : 32; }
inline float rsqrtf(float value) { return 1 / sqrtf(value); }
