// Eight rows turned into eight columns in registers: reading along memory and writing along it too.
#pragma once

#include "simd.h"

#if defined(__AVX2__)

namespace awl::AWL_ISA {

AWL_INLINE __m256 eight(const float *p) { return _mm256_loadu_ps(p); }

AWL_INLINE __m256 eight(const bf16 *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}

// Two bfloat16 that stay side by side.
struct pair16 {
    bf16 both[2];
};

AWL_INLINE __m256 eight(const pair16 *p) { return _mm256_loadu_ps((const float *)(const void *)p); }

// to[d * to_row + i] = from[i * from_row + d] for d < 8 and i < 8, where `from` is read as numbers of type Read; rows from
// `rows` on are written as zeros.
template <int rows, class Read, class T>
AWL_INLINE void transpose(const T *from, int64_t from_row, float *to, int64_t to_row) {
    __m256 r[8], s[8];
    for (int i = 0; i < 8; i++) r[i] = i < rows ? eight((const Read *)(from + i * from_row)) : _mm256_setzero_ps();
    for (int i = 0; i < 8; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) _mm256_storeu_ps(to + i * to_row, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    for (int i = 0; i < 4; i++) _mm256_storeu_ps(to + (i + 4) * to_row, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
}

}  // namespace awl::AWL_ISA

#endif
