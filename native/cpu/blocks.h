// Rows of GGUF blocks (ggml's formats) as they lie in a file, decoded 32 values at a time into vectors.
//
// The values are those of the reference (gguf-py) bit for bit: a scale has 11 bits, or 19 with its second level, and a
// small integer at most 8, so their product is exact or rounded once, and a sum is rounded once, fused or not.
//
// `d` is a block's scale, `m` its offset, `q` the small integers. Formats K have blocks of 256 with a second level of
// scales, one for each run of 32 (16) values; all others have blocks of 32 here.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

namespace awl {

// A matrix whose rows may lie apart: output o is row (o / (n1 n2), o / n2 % n1, o % n2) of strides in bytes.
struct BlockRows {
    const uint8_t *data;
    int64_t n1, n2;
    int64_t stride0, stride1, stride2;

    const uint8_t *row(int64_t o) const {
        // Nearly always; divisions would take as long as a short row's arithmetic.
        if (o < n2) return data + o * stride2;
        return data + o / (n1 * n2) * stride0 + o / n2 % n1 * stride1 + o % n2 * stride2;
    }
};

struct BlockShape {
    int64_t values, bytes;
};

// Values and bytes of a block; {0, 0} for a dtype that is no block format.
constexpr BlockShape block_shape(int32_t dtype) {
    switch (dtype) {
        case AWL_BLOCKS_F16:
        case AWL_BLOCKS_BF16: return {32, 64};
        case AWL_BLOCKS_Q4_0: return {32, 18};
        case AWL_BLOCKS_Q4_1: return {32, 20};
        case AWL_BLOCKS_Q5_0: return {32, 22};
        case AWL_BLOCKS_Q5_1: return {32, 24};
        case AWL_BLOCKS_Q8_0: return {32, 34};
        case AWL_BLOCKS_Q4_K: return {256, 144};
        case AWL_BLOCKS_Q5_K: return {256, 176};
        case AWL_BLOCKS_Q6_K: return {256, 210};
        default: return {0, 0};
    }
}

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"
#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace awl::AWL_ISA {

constexpr int chunk = 32;
constexpr int chunk_vectors = chunk / lanes;
constexpr int nibble_vectors = chunk_vectors / 2;

AWL_INLINE uint16_t two_bytes(const uint8_t *p) {
    uint16_t bits;
    memcpy(&bits, p, 2);
    return bits;
}

AWL_INLINE float half(const uint8_t *p) {
#if defined(__F16C__)
    return _cvtsh_ss(two_bytes(p));
#else
    const uint32_t bits = two_bytes(p);
    const uint32_t magnitude = (bits & 0x7fff) << 13;
    // The exponent is moved by a multiplication, which makes subnormals right too.
    uint32_t exponent = 0x77800000u;
    float value, scale;
    memcpy(&value, &magnitude, 4);
    memcpy(&scale, &exponent, 4);
    value *= scale;
    uint32_t out;
    memcpy(&out, &value, 4);
    if ((bits & 0x7c00) == 0x7c00) out = 0x7f800000u | magnitude | ((bits & 0x3ff) ? 0x400000u : 0);
    out |= (bits & 0x8000) << 16;
    memcpy(&value, &out, 4);
    return value;
#endif
}

struct Pair {
    float scale, offset;
};

AWL_INLINE Pair halves(const uint8_t *p) {
#if defined(__F16C__)
    uint32_t bits;
    memcpy(&bits, p, 4);
    typedef float f4v __attribute__((vector_size(16)));
    const f4v both = (f4v)_mm_cvtph_ps(_mm_cvtsi32_si128((int)bits));
    return {both[0], both[1]};
#else
    return {half(p), half(p + 2)};
#endif
}

// Spelled out where there is one instruction for it: a compiler takes a dozen.
AWL_INLINE i32 bytes(const uint8_t *p) {
#if defined(__AVX512F__)
    return (i32)_mm512_maskz_cvtepu8_epi32((__mmask16)-1, _mm_loadu_si128((const __m128i *)p));
#elif defined(__AVX2__)
    return (i32)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
    i32 v;
    for (int i = 0; i < lanes; i++) v[i] = p[i];
    return v;
#endif
}

AWL_INLINE i32 signed_bytes(const uint8_t *p) {
#if defined(__AVX512F__)
    return (i32)_mm512_maskz_cvtepi8_epi32((__mmask16)-1, _mm_loadu_si128((const __m128i *)p));
#elif defined(__AVX2__)
    return (i32)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
    i32 v;
    for (int i = 0; i < lanes; i++) v[i] = (int8_t)p[i];
    return v;
#endif
}

AWL_INLINE f32 real(i32 v) { return __builtin_convertvector(v, f32); }

// 0, 1, 2, ... in the lanes.
AWL_INLINE i32 counting() {
    i32 v;
    for (int i = 0; i < lanes; i++) v[i] = i;
    return v;
}

// 16 where bit 0, 1, ... is set.
AWL_INLINE i32 fifth(uint32_t bits) { return (((i32){} + (int32_t)bits) >> counting() & 1) << 4; }

// Byte i holds value i in its low and value 16 + i in its high half.
AWL_INLINE void nibbles(const uint8_t *p, i32 *out) {
    for (int v = 0; v < nibble_vectors; v++) {
        const i32 both = bytes(p + v * lanes);
        out[v] = both & 15;
        out[nibble_vectors + v] = both >> 4;
    }
}

// The 6-bit scale and offset of a run in the 12 bytes that Q4_K and Q5_K share.
AWL_INLINE Pair run_scales(const uint8_t *block, int64_t run) {
    const Pair d = halves(block);
    const uint8_t *at = block + 4;
    if (run < 4) return {d.scale * (float)(at[run] & 63), d.offset * (float)(at[run + 4] & 63)};
    const int scale = (at[run + 4] & 15) | ((at[run - 4] >> 2) & 48);
    const int offset = (at[run + 4] >> 4) | ((at[run] >> 2) & 48);
    return {d.scale * (float)scale, d.offset * (float)offset};
}

// decode<format>(row, c, out): values 32c to 32c + 31 of the row.
template <int32_t Format>
AWL_INLINE void decode(const uint8_t *row, int64_t c, f32 *out) {
    if constexpr (Format == AWL_BLOCKS_F16) {
        for (int v = 0; v < chunk_vectors; v++) {
            const uint8_t *at = row + c * 64 + v * lanes * 2;
#if defined(__AVX512F__)
            out[v] = (f32)_mm512_maskz_cvtph_ps((__mmask16)-1, _mm256_loadu_si256((const __m256i *)at));
#elif defined(__F16C__)
            out[v] = (f32)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
#else
            for (int i = 0; i < lanes; i++) out[v][i] = half(at + 2 * i);
#endif
        }
    } else if constexpr (Format == AWL_BLOCKS_BF16) {
        for (int v = 0; v < chunk_vectors; v++) out[v] = load((const bf16 *)(row + c * 64) + v * lanes);
    } else if constexpr (Format == AWL_BLOCKS_Q4_0 || Format == AWL_BLOCKS_Q4_1) {
        constexpr bool offset = Format == AWL_BLOCKS_Q4_1;
        const uint8_t *block = row + c * (offset ? 20 : 18);
        i32 q[chunk_vectors];
        nibbles(block + (offset ? 4 : 2), q);
        const Pair d = offset ? halves(block) : Pair{half(block), 0};
        for (int v = 0; v < chunk_vectors; v++)
            out[v] = offset ? real(q[v]) * d.scale + d.offset : real(q[v] - 8) * d.scale;
    } else if constexpr (Format == AWL_BLOCKS_Q5_0 || Format == AWL_BLOCKS_Q5_1) {
        constexpr bool offset = Format == AWL_BLOCKS_Q5_1;
        const uint8_t *block = row + c * (offset ? 24 : 22);
        const uint8_t *high = block + (offset ? 4 : 2);
        uint32_t bits;
        memcpy(&bits, high, 4);
        i32 q[chunk_vectors];
        nibbles(high + 4, q);
        const Pair d = offset ? halves(block) : Pair{half(block), 0};
        for (int v = 0; v < chunk_vectors; v++) {
            const i32 whole = q[v] | fifth(bits >> (v * lanes));
            out[v] = offset ? real(whole) * d.scale + d.offset : real(whole - 16) * d.scale;
        }
    } else if constexpr (Format == AWL_BLOCKS_Q8_0) {
        const uint8_t *block = row + c * 34;
        const float d = half(block);
        for (int v = 0; v < chunk_vectors; v++) out[v] = real(signed_bytes(block + 2 + v * lanes)) * d;
    } else if constexpr (Format == AWL_BLOCKS_Q4_K) {
        const uint8_t *block = row + c / 8 * 144;
        const int64_t run = c % 8;
        const Pair d = run_scales(block, run);
        const uint8_t *from = block + 16 + run / 2 * 32;
        for (int v = 0; v < chunk_vectors; v++)
            out[v] = real((bytes(from + v * lanes) >> (int)(run % 2 * 4)) & 15) * d.scale - d.offset;
    } else if constexpr (Format == AWL_BLOCKS_Q5_K) {
        const uint8_t *block = row + c / 8 * 176;
        const int64_t run = c % 8;
        const Pair d = run_scales(block, run);
        const uint8_t *from = block + 48 + run / 2 * 32;
        for (int v = 0; v < chunk_vectors; v++) {
            const i32 high = ((bytes(block + 16 + v * lanes) >> (int)run) & 1) << 4;
            out[v] = real(((bytes(from + v * lanes) >> (int)(run % 2 * 4)) & 15) | high) * d.scale - d.offset;
        }
    } else {
        static_assert(Format == AWL_BLOCKS_Q6_K);
        const uint8_t *block = row + c / 8 * 210;
        const int64_t run = c % 8;
        const float d = half(block + 208);
        const float scale[2] = {d * (float)(int8_t)block[192 + run * 2], d * (float)(int8_t)block[193 + run * 2]};
        const uint8_t *low = block + run / 4 * 64 + run % 2 * 32;
        const uint8_t *high = block + 128 + run / 4 * 32;
        for (int v = 0; v < chunk_vectors; v++) {
            const i32 q = ((bytes(low + v * lanes) >> (int)(run / 2 % 2 * 4)) & 15) |
                          ((bytes(high + v * lanes) >> (int)(run % 4 * 2)) & 3) << 4;
            out[v] = real(q - 32) * scale[v * lanes / 16];
        }
    }
}

}  // namespace awl::AWL_ISA

#endif
