// Sum over the threads of a block, in a fixed order, handed to all of them.
#pragma once

namespace awl {

template <int threads>
__device__ inline float block_sum(float value) {
    static_assert(threads % 32 == 0 && threads <= 1024, "whole warps");
    __shared__ float of_warp[threads / 32];
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    // A second sum in the same kernel must not overtake readers of the first.
    __syncthreads();
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
    __syncthreads();
    float total = 0;
    for (int warp = 0; warp < threads / 32; warp++) total += of_warp[warp];
    return total;
}

}  // namespace awl
