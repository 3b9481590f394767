// A vector of floats as wide as the instruction set this file is compiled for, in the compiler's own vector types.
// Multiplications and additions contract to FMA where there is one.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace awl::AWL_ISA {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float f32 __attribute__((vector_size(lanes * 4)));
typedef int32_t i32 __attribute__((vector_size(lanes * 4)));
typedef uint32_t u32 __attribute__((vector_size(lanes * 4)));
typedef uint16_t u16 __attribute__((vector_size(lanes * 2)));
typedef double f64 __attribute__((vector_size(lanes * 8)));

struct bf16 {
    uint16_t bits;
};

#define AWL_INLINE static inline __attribute__((always_inline))

AWL_INLINE f32 all(float value) { return value - f32{}; }

AWL_INLINE f32 load(const float *p) {
    f32 v;
    memcpy(&v, p, sizeof v);
    return v;
}

AWL_INLINE f32 load(const bf16 *p) {
    u16 v;
    memcpy(&v, p, sizeof v);
    return (f32)(__builtin_convertvector(v, u32) << 16);
}

AWL_INLINE void store(float *p, f32 v) { memcpy(p, &v, sizeof v); }

// Round to nearest even; a NaN stays one.
AWL_INLINE void store(bf16 *p, f32 v) {
    u32 bits = (u32)v;
    u32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    u32 quiet = (bits >> 16) | 0x40u;
    u16 out = __builtin_convertvector((v == v) ? rounded : quiet, u16);
    memcpy(p, &out, sizeof out);
}

// The first n < lanes elements; the others are `fill` and are never read from memory.
template <class T>
AWL_INLINE f32 load_part(const T *p, int64_t n, float fill) {
    T buffer[lanes];
    memset(buffer, 0, sizeof buffer);
    memcpy(buffer, p, n * sizeof(T));
    f32 v = load(buffer);
    for (int i = (int)n; i < lanes; i++) v[i] = fill;
    return v;
}

template <class T>
AWL_INLINE void store_part(T *p, int64_t n, f32 v) {
    T buffer[lanes];
    store(buffer, v);
    memcpy(p, buffer, n * sizeof(T));
}

AWL_INLINE f32 max(f32 a, f32 b) { return a > b ? a : b; }

AWL_INLINE f64 widen(f32 v) { return __builtin_convertvector(v, f64); }

AWL_INLINE f32 sqrt(f32 v) {
#if defined(__AVX512F__)
    return (f32)_mm512_maskz_sqrt_ps((__mmask16)-1, (__m512)v);  // the plain form has a warning of its own in GCC 12
#elif defined(__AVX2__)
    return (f32)_mm256_sqrt_ps((__m256)v);
#elif defined(__SSE2__)
    return (f32)_mm_sqrt_ps((__m128)v);
#else
    for (int i = 0; i < lanes; i++) v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}

// In a fixed order, in float64: a handful of additions a row.
AWL_INLINE double sum(f32 v) {
    double total = 0;
    for (int i = 0; i < lanes; i++) total += v[i];
    return total;
}

AWL_INLINE float max(f32 v) {
    float most = v[0];
    for (int i = 1; i < lanes; i++) most = v[i] > most ? v[i] : most;
    return most;
}

// exp within 2 ulp for x in [-87, 88]; 0 below, clamped above; NaN stays. Cody-Waite reduction to |r| <= ln2 / 2 and
// the degree-6 minimax polynomial of Cephes' expf.
AWL_INLINE f32 exp(f32 x) {
    const f32 low = all(-87.3f);
    const f32 high = all(88.f);
    f32 clamped = x < low ? low : x;
    clamped = clamped > high ? high : clamped;
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    const f32 magic = all(12582912.f);
    f32 shifted = clamped * 1.44269504088896341f + magic;
    f32 n = shifted - magic;
    f32 r = clamped - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    f32 p = all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    f32 value = (p * r) * r + (r + 1.f);
    i32 exponent = ((i32)shifted - (i32)magic + 127) << 23;
    f32 result = value * (f32)exponent;
    return x < low ? f32{} : result;
}

// tanh within 3 ulp; Cephes' two branches.
AWL_INLINE f32 tanh(f32 x) {
    i32 sign = (i32)x & (int32_t)0x80000000;
    f32 a = (f32)((i32)x ^ sign);
    f32 wide = 1.f - 2.f / (exp(a + a) + 1.f);
    f32 z = x * x;
    f32 p = all(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    f32 narrow = (p * z) * x + x;
    // The comparison is false for a NaN, which then takes the polynomial and stays a NaN.
    return a >= 0.625f ? (f32)((i32)wide | sign) : narrow;
}

}  // namespace awl::AWL_ISA
