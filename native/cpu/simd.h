// A vector of floats as wide as the instruction set this file is compiled for, in the compiler's own vector types.
// Multiplications and additions contract to FMA where there is one.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>  // where the compiler's own vectors take twice the instructions
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
#if defined(__AVX512F__)
    const __m256i v = _mm256_loadu_si256((const __m256i *)p);
    return (f32)_mm512_maskz_slli_epi32((__mmask16)-1, _mm512_maskz_cvtepu16_epi32((__mmask16)-1, v), 16);
#elif defined(__AVX2__)
    return (f32)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16);
#else
    u16 v;
    memcpy(&v, p, sizeof v);
    return (f32)(__builtin_convertvector(v, u32) << 16);
#endif
}

AWL_INLINE void store(float *p, f32 v) { memcpy(p, &v, sizeof v); }

// What storing leaves of v, to be loaded again: all of it, or what fits bfloat16 (to nearest even; a NaN stays one).
AWL_INLINE f32 rounded(const float *, f32 v) { return v; }

// The bits of bfloat16: v's upper half.
AWL_INLINE u32 upper_half(f32 v) {
    const u32 bits = (u32)v, half = bits >> 16;
    const u32 nearest = (bits + 0x7fffu + (half & 1u)) >> 16;
#if defined(__AVX512F__)
    const __mmask16 nan = _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q);
    return (u32)_mm512_mask_or_epi32((__m512i)nearest, nan, (__m512i)half, _mm512_set1_epi32(0x40));
#else
    return (v == v) ? nearest : (half | 0x40u);
#endif
}

AWL_INLINE f32 rounded(const bf16 *, f32 v) { return (f32)(upper_half(v) << 16); }

// Stores what `rounded` gave.
AWL_INLINE void store_rounded(float *p, f32 v) { store(p, v); }

AWL_INLINE void store_half(bf16 *p, u32 high) {
#if defined(__AVX512F__)
    _mm256_storeu_si256((__m256i *)p, _mm512_maskz_cvtepi32_epi16((__mmask16)-1, (__m512i)high));
#elif defined(__AVX2__)
    const __m256i both = (__m256i)high;
    _mm_storeu_si128((__m128i *)p, _mm_packus_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
#else
    const u16 out = __builtin_convertvector(high, u16);
    memcpy(p, &out, sizeof out);
#endif
}

AWL_INLINE void store_rounded(bf16 *p, f32 v) { store_half(p, (u32)v >> 16); }

AWL_INLINE void store(bf16 *p, f32 v) {
#if defined(__AVX512BF16__)
    // One instruction instead of eight; like the products of these files it takes numbers below 2^-126 for zeros.
    const __m256bh half = _mm512_cvtneps_pbh((__m512)v);
    memcpy(p, &half, sizeof half);
#else
    store_half(p, upper_half(v));
#endif
}

// One element.
AWL_INLINE float widen(float v) { return v; }

AWL_INLINE float widen(bf16 v) {
    const uint32_t bits = (uint32_t)v.bits << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

AWL_INLINE void narrow(float v, float &out) { out = v; }

// To nearest even; a NaN stays one.
AWL_INLINE void narrow(float v, bf16 &out) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    out.bits = v == v ? (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16) : (uint16_t)(bits >> 16 | 0x40u);
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

// b where a is a NaN; min likewise.
AWL_INLINE f32 max(f32 a, f32 b) {
#if defined(__AVX512F__)
    return (f32)_mm512_maskz_max_ps((__mmask16)-1, (__m512)a, (__m512)b);  // the plain forms have a warning of GCC 12's
#elif defined(__AVX2__)
    return _mm256_max_ps(a, b);
#else
    return a > b ? a : b;
#endif
}

AWL_INLINE f32 min(f32 a, f32 b) {
#if defined(__AVX512F__)
    return (f32)_mm512_maskz_min_ps((__mmask16)-1, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return _mm256_min_ps(a, b);
#else
    return a < b ? a : b;
#endif
}

AWL_INLINE f32 sqrt(f32 v) {
#if defined(__AVX512F__)
    return (f32)_mm512_maskz_sqrt_ps((__mmask16)-1, (__m512)v);
#elif defined(__AVX2__)
    return (f32)_mm256_sqrt_ps((__m256)v);
#elif defined(__SSE2__)
    return (f32)_mm_sqrt_ps((__m128)v);
#else
    for (int i = 0; i < lanes; i++) v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}

// 1 / v within 1 ulp, for v in [1, 2^127]; a NaN stays one. AVX-512 divides as slowly as it does ten other things: there
// an estimate of 14 bits and one of Newton's steps.
AWL_INLINE f32 reciprocal(f32 v) {
#if defined(__AVX512F__)
    const f32 estimate = (f32)_mm512_maskz_rcp14_ps((__mmask16)-1, (__m512)v);
    return estimate + estimate * (1.f - v * estimate);
#else
    return 1.f / v;
#endif
}

// Adding this rounds to an integer and leaves it in the low bits.
constexpr float magic = 12582912.f;  // 1.5 * 2^23

// v 2^n for an integer n in [-126, 127], of which n + magic is given.
AWL_INLINE f32 scaled(f32 v, f32 shifted) {
#if defined(__AVX512F__)
    return (f32)_mm512_maskz_scalef_ps((__mmask16)-1, (__m512)v, (__m512)(shifted - magic));
#else
    return v * (f32)(((i32)shifted - (i32)all(magic) + 127) << 23);
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

// exp within 2 ulp for x in [-87.3, 88], clamped outside; NaN stays. Cody-Waite reduction to |r| <= ln2 / 2 and
// the degree-6 minimax polynomial of Cephes' expf. Of N vectors step by step: one's steps wait for each other, and a core
// does not look far enough ahead to fill the gaps with the next one's.
template <int N>
AWL_INLINE void exp_clamped(const f32 (&x)[N], f32 (&value)[N]) {
    static const float polynomial[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                       4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
    f32 r[N], shifted[N];
    for (int j = 0; j < N; j++) r[j] = min(all(88.f), max(all(-87.3f), x[j]));
    for (int j = 0; j < N; j++) shifted[j] = r[j] * 1.44269504088896341f + magic;
    for (int j = 0; j < N; j++) r[j] = r[j] - (shifted[j] - magic) * 0.693359375f;
    for (int j = 0; j < N; j++) r[j] = r[j] + (shifted[j] - magic) * 2.12194440e-4f;
    for (int j = 0; j < N; j++) value[j] = all(polynomial[0]);
    for (int degree = 1; degree < 6; degree++)
        for (int j = 0; j < N; j++) value[j] = value[j] * r[j] + polynomial[degree];
    for (int j = 0; j < N; j++) value[j] = (value[j] * r[j]) * r[j] + (r[j] + 1.f);
    for (int j = 0; j < N; j++) value[j] = scaled(value[j], shifted[j]);
}

AWL_INLINE f32 exp_clamped(f32 x) {
    const f32 one[1] = {x};
    f32 value[1];
    exp_clamped(one, value);
    return value[0];
}

// The same, 0 below.
AWL_INLINE f32 exp(f32 x) {
    const f32 result = exp_clamped(x);
    return x < all(-87.3f) ? f32{} : result;
}

// tanh within 3 ulp; Cephes' two branches.
AWL_INLINE f32 tanh(f32 x) {
    i32 sign = (i32)x & (int32_t)0x80000000;
    f32 a = (f32)((i32)x ^ sign);
    f32 wide = 1.f - 2.f * reciprocal(exp_clamped(a + a) + 1.f);  // used from 0.625 on
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
