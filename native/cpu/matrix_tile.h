// The loops of a matrix product: packing A and B, and the tile of C that stays in the registers.
//
// The inner axis is packed in words of four bytes. A policy says what a word is: one float32, one bfloat16 widened, or two
// bfloat16 one behind the other, whose products one instruction adds (AVX512-BF16: exact products, added in float32).
#pragma once

#include "matrix_product.h"
#include "simd.h"
#include "transpose.h"

namespace awl::AWL_ISA {

// The register tile: 6 x 16 on AVX2's 16 registers, 14 x 32 on AVX-512's 32.
#if defined(__AVX512F__)
constexpr int tile_rows = 14;
#else
constexpr int tile_rows = 6;
#endif
constexpr int tile_columns = 2 * lanes;

template <class T>
struct One {
    typedef T Element;
    typedef T Packed;  // as `transpose` reads it
    static constexpr int each = 1;
    static constexpr bool direct = sizeof(T) == sizeof(float);  // A may be read where it stands

    // A word from numbers `stride` apart, of which `left` are there.
    AWL_INLINE float word(const T *p, int64_t, int64_t) { return widen(*p); }
    // Words of a panel that lie side by side.
    AWL_INLINE void line(const T *p, int64_t, float *to) {
        store(to, load(p));
        store(to + lanes, load(p + lanes));
    }
    AWL_INLINE void column(const T *p, int64_t, float *to) {
#pragma GCC unroll 14
        for (int i = 0; i < tile_rows; i++) to[i] = widen(p[i]);
    }
    AWL_INLINE f32 spread(const float *word) { return all(*word); }
    AWL_INLINE f32 add_product(f32 sum, f32 x, f32 y) { return sum + x * y; }
};

#if defined(__AVX512BF16__)
struct Two {
    typedef bf16 Element;
    typedef pair16 Packed;
    static constexpr int each = 2;
    static constexpr bool direct = true;

    AWL_INLINE float word(const bf16 *p, int64_t stride, int64_t left) {
        const uint32_t bits = p[0].bits | (left > 1 ? (uint32_t)p[stride].bits << 16 : 0);
        float value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    AWL_INLINE void line(const bf16 *p, int64_t stride, float *to) {
        const __m512i low = _mm512_loadu_si512(p), high = _mm512_loadu_si512(p + stride);
        const __m512i first = interleaving(0), second = interleaving(tile_columns / 2);
        _mm512_storeu_si512(to, _mm512_permutex2var_epi16(low, first, high));
        _mm512_storeu_si512(to + lanes, _mm512_permutex2var_epi16(low, second, high));
    }
    // 16 numbers of one row from `begin` on, each followed by that of another row.
    AWL_INLINE __m512i interleaving(int begin) {
        u32 places;
        for (int i = 0; i < lanes; i++) places[i] = (begin + i) | (32 + begin + i) << 16;
        return (__m512i)places;
    }
    AWL_INLINE void column(const bf16 *p, int64_t stride, float *to) {
        constexpr __mmask16 rows = (1 << tile_rows) - 1;
        const u32 low = (u32)_mm512_maskz_cvtepu16_epi32(rows, _mm256_maskz_loadu_epi16(rows, p));
        const u32 high = (u32)_mm512_maskz_cvtepu16_epi32(rows, _mm256_maskz_loadu_epi16(rows, p + stride));
        _mm512_mask_storeu_epi32(to, rows, (__m512i)(low | high << 16));
    }
    AWL_INLINE f32 spread(const void *word) {
        int32_t bits;
        memcpy(&bits, word, sizeof bits);
        return (f32)(bits - i32{});
    }
    AWL_INLINE f32 add_product(f32 sum, f32 x, f32 y) {
        return (f32)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)y);
    }
};
#endif

// What packing reads next is fetched while it writes: its lines lie further apart than the processor's own prefetching looks.
AWL_INLINE void fetch(const void *p) { __builtin_prefetch(p, 0); }

// Words of `panels` whole panels whose columns lie side by side in memory, a row of them all after another.
template <class W>
static void pack_lines(const typename W::Element *from, int64_t b_depth, int64_t words, int64_t panels, float *packed,
                       int64_t panel_size) {
    constexpr int64_t line = 64 / sizeof(typename W::Element), ahead = 4;
    const int64_t columns = panels * tile_columns;
    for (int64_t d = 0; d < words; d++, from += W::each * b_depth, packed += tile_columns) {
        for (int64_t i = 0; i < W::each; i++) {
            for (int64_t j = 0; j < columns; j += line) fetch(from + (ahead * W::each + i) * b_depth + j);
        }
        for (int64_t panel = 0; panel < panels; panel++)
            W::line(from + panel * tile_columns, b_depth, packed + panel * panel_size);
    }
}

// Panels [first, last) of the piece of B that begins at column `begin`, each [words][tile_columns], zeros behind the end.
template <class W>
static void pack_b(const Product &k, const Piece &p, int64_t begin, int64_t first, int64_t last, float *packed) {
    const int64_t words = k.words(p.depth), whole = p.depth / W::each, size = words * tile_columns;
    const auto *at = (const typename W::Element *)k.b + p.begin * k.b_depth + begin * k.b_column;
    int64_t lined = first;  // panels before this one have their whole words already
    if (k.b_column == 1) {
        const int64_t full = (k.columns - begin) / tile_columns;
        lined = last < full ? last : full < first ? first : full;
        pack_lines<W>(at + first * tile_columns, k.b_depth, whole, lined - first, packed + first * size, size);
    }
    for (int64_t panel = first; panel < last; panel++) {
        const int64_t column = begin + panel * tile_columns;
        const int64_t n = k.columns - column < tile_columns ? k.columns - column : tile_columns;
        const auto *from = at + panel * tile_columns * k.b_column;
        float *to = packed + panel * size;
        if (n < tile_columns) memset(to, 0, size * sizeof(float));
        if (k.b_column == 1) {
            for (int64_t d = panel < lined ? whole : 0; d < words; d++) {
                for (int64_t j = 0; j < n; j++)
                    to[d * tile_columns + j] =
                        W::word(from + d * W::each * k.b_depth + j, k.b_depth, p.depth - d * W::each);
            }
        } else {
            int64_t rest = 0;
#if defined(__AVX2__)
            if (n == tile_columns && k.b_depth == 1) {
                constexpr int64_t line = 64 / sizeof(typename W::Element);
                for (; rest + 8 <= whole; rest += 8) {
                    if (rest * W::each % line == 0) {
                        for (int j = 0; j < tile_columns; j++) fetch(from + (j + tile_columns) * k.b_column + rest * W::each);
                    }
                    for (int j = 0; j < tile_columns; j += 8)
                        transpose<8, typename W::Packed>(from + j * k.b_column + rest * W::each, k.b_column,
                                                         to + rest * tile_columns + j, tile_columns);
                }
            }
#endif
            for (int64_t j = 0; j < n; j++) {
                const auto *row = from + j * k.b_column;
                for (int64_t d = rest; d < words; d++)
                    to[d * tile_columns + j] = W::word(row + d * W::each * k.b_depth, k.b_depth, p.depth - d * W::each);
            }
        }
    }
}

// Rows [row, row + n) of A as [words][tile_rows], zeros behind the end.
template <class W>
static void pack_a(const Product &k, const Piece &p, int64_t row, int64_t n, float *packed) {
    const int64_t words = k.words(p.depth), whole = p.depth / W::each;
    const auto *from = (const typename W::Element *)k.a + row * k.a_row + p.begin * k.a_depth;
    if (n < tile_rows) memset(packed, 0, words * tile_rows * sizeof(float));
    int64_t d = 0;
    if (n == tile_rows && k.a_row == 1) {
        for (; d < whole; d++) {
            for (int i = 0; i < W::each; i++) fetch(from + (d * W::each + i) * k.a_depth + 2 * tile_rows);
            W::column(from + d * W::each * k.a_depth, k.a_depth, packed + d * tile_rows);
        }
    }
#if defined(__AVX2__)
    if (n == tile_rows && k.a_depth == 1) {
        // The last group of rows is short of eight: what it writes too much is written over, by the next depth or by
        // the groups that follow, but for the last depth of all.
        constexpr int groups = tile_rows / 8 * 8;
        constexpr int64_t line = 64 / sizeof(typename W::Element);
        for (; d + 8 < whole; d += 8) {
            if (d * W::each % line == 0) {
                for (int i = 0; i < tile_rows; i++) fetch(from + (i + tile_rows) * k.a_row + d * W::each);
            }
            transpose<tile_rows - groups, typename W::Packed>(from + groups * k.a_row + d * W::each, k.a_row,
                                                              packed + d * tile_rows + groups, tile_rows);
            for (int i = 0; i < groups; i += 8)
                transpose<8, typename W::Packed>(from + i * k.a_row + d * W::each, k.a_row, packed + d * tile_rows + i,
                                                 tile_rows);
        }
    }
#endif
    for (; d < words; d++) {
        for (int64_t i = 0; i < n; i++)
            packed[d * tile_rows + i] =
                W::word(from + i * k.a_row + d * W::each * k.a_depth, k.a_depth, p.depth - d * W::each);
    }
}

// One tile of C, `words` deep. A is packed, or stands in memory: rows `a_row` and words `a_word` numbers apart. C is far away
// in memory, or near.
template <class W, bool packed, bool far = true>
static void tile(const void *a, int64_t a_row, int64_t a_word, const float *b, int64_t words, float *c, int64_t c_row, int64_t rows,
                 int64_t columns, float scale, bool add) {
    f32 sums[tile_rows][2];
#pragma GCC unroll 14
    for (int i = 0; i < tile_rows; i++) {
        sums[i][0] = sums[i][1] = f32{};
        // C comes from far away and is wanted behind the loop; without this a tenth of the time went there.
        for (int j = 0; far && j < tile_columns + 15 && i < rows; j += 16)
            __builtin_prefetch(c + i * c_row + (j < tile_columns ? j : tile_columns - 1), 1);
    }
    const float *from = (const float *)a;
    const auto *direct = (const typename W::Element *)a;
#pragma GCC unroll 4
    for (int64_t d = 0; d < words; d++) {
        const f32 b0 = load(b);
        const f32 b1 = load(b + lanes);
#pragma GCC unroll 14
        for (int i = 0; i < tile_rows; i++) {
            const f32 x = W::spread(packed ? from + i : (const float *)(const void *)(direct + i * a_row));
            sums[i][0] = W::add_product(sums[i][0], x, b0);
            sums[i][1] = W::add_product(sums[i][1], x, b1);
        }
        from += tile_rows;
        direct += a_word;
        b += tile_columns;
    }
    if (rows == tile_rows && columns == tile_columns) {
#pragma GCC unroll 14
        for (int i = 0; i < tile_rows; i++) {
            float *to = c + i * c_row;
            const f32 v0 = sums[i][0] * scale, v1 = sums[i][1] * scale;
            store(to, add ? load(to) + v0 : v0);
            store(to + lanes, add ? load(to + lanes) + v1 : v1);
        }
        return;
    }
    // Through memory, with the same arithmetic.
    float values[tile_rows * tile_columns];
#pragma GCC unroll 14
    for (int i = 0; i < tile_rows; i++) {
        store(values + i * tile_columns, sums[i][0] * scale);
        store(values + i * tile_columns + lanes, sums[i][1] * scale);
    }
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            const float v = values[i * tile_columns + j];
            c[i * c_row + j] = add ? c[i * c_row + j] + v : v;
        }
    }
}

}  // namespace awl::AWL_ISA
