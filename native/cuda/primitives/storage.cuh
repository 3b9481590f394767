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

// As it would be read back after it was stored.
template <class T>
__device__ inline float rounded(float v) {
    T stored;
    narrow(v, stored);
    return widen(stored);
}

// n elements moved at once: sixteen bytes where address and width allow it (packs() of device.h), else one.
template <class T, int n>
struct alignas(n * sizeof(T)) Pack {
    T at[n];
};
template <class T>
constexpr int widest = 16 / (int)sizeof(T);

template <int n, class T>
__device__ inline void load(const T *from, float (&values)[n]) {
    const Pack<T, n> pack = *reinterpret_cast<const Pack<T, n> *>(from);
#pragma unroll
    for (int j = 0; j < n; j++) values[j] = widen(pack.at[j]);
}

template <int n, class T>
__device__ inline void store(T *to, const float (&values)[n]) {
    Pack<T, n> pack;
#pragma unroll
    for (int j = 0; j < n; j++) narrow(values[j], pack.at[j]);
    *reinterpret_cast<Pack<T, n> *>(to) = pack;
}

}  // namespace awl
