// Reductions over the threads of a block, in a fixed order, handed to all of them.
#pragma once

namespace awl {

// combine(a, b) of any small type; the same tree whatever the launch. Of internal linkage: on the host emulation its shared
// memory then stands beside that of kernels in one section, which gcc 13 and later refuse for a template others can see.
template <int threads, class T, class Combine>
__device__ static inline T block_reduce(T value, const Combine &combine) {
    static_assert(threads % 32 == 0 && threads <= 1024, "whole warps");
    __shared__ T of_warp[threads / 32];
    for (int step = 16; step > 0; step /= 2) value = combine(value, __shfl_xor_sync(0xffffffffu, value, step));
    // A second reduction in the same kernel must not overtake readers of the first.
    __syncthreads();
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
    __syncthreads();
    T total = of_warp[0];
    for (int warp = 1; warp < threads / 32; warp++) total = combine(total, of_warp[warp]);
    return total;
}

struct Add {
    template <class T>
    __device__ T operator()(T a, T b) const {
        return a + b;
    }
};

// NaN is left out, as every comparison with it is false; the sum that follows brings it back.
struct Most {
    template <class T>
    __device__ T operator()(T a, T b) const {
        return a > b ? a : b;
    }
};

template <int threads, class T>
__device__ inline T block_sum(T value) {
    return block_reduce<threads>(value, Add());
}

template <int threads, class T>
__device__ inline T block_max(T value) {
    return block_reduce<threads>(value, Most());
}

}  // namespace awl
