// Arguments of adamw, checked the same way on every device, and where its random bits come from.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

#ifdef __CUDACC__
#define AWL_ON_EVERY_DEVICE __host__ __device__
#else
#define AWL_ON_EVERY_DEVICE
#endif

namespace awl {

constexpr int64_t adamw_piece_length = 65536;

// Of a seed and a piece's number, counted over all tensors (SplitMix64, Steele et al. 2014).
AWL_ON_EVERY_DEVICE inline uint32_t adamw_key(int64_t seed, int64_t piece) {
    uint64_t z = (uint64_t)seed + (uint64_t)(piece + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

int32_t check_adamw(int32_t device, const awl_tensor *tensors, const double *decay, int64_t count,
                    const awl_tensor *divisor, const awl_tensor *skip);

}  // namespace awl
