// Elements as they lie in memory, widened to float32 and rounded back to nearest even.
#pragma once

#include <stdint.h>

namespace awl {

struct bf16 {
    uint16_t bits;
};

__device__ inline float widen(float v) { return v; }
__device__ inline float widen(bf16 v) { return __uint_as_float((uint32_t)v.bits << 16); }

__device__ inline void narrow(float v, float &out) { out = v; }
__device__ inline void narrow(float v, bf16 &out) {
    const uint32_t bits = __float_as_uint(v);
    out.bits = v != v ? (uint16_t)((bits >> 16) | 0x40u) : (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace awl
