// A task of a matrix product: packed rows of A against packed panels of B, tile by tile.
#pragma once

#include "matrix_tile.h"

namespace awl::AWL_ISA {

// The sums of a task over a piece, with B packed. `space` holds a block of A.
template <class W>
static void rows_of_product(const Product &k, const Piece &p, const Sums &s, const float *packed_b, float *space) {
    const int64_t words = k.words(p.depth);
    // Packing A costs about as much as multiplying it with one or two panels.
    const bool direct = W::direct && k.a_depth == 1 && p.depth % W::each == 0 && s.columns <= 2 * tile_columns;
    const int64_t block = most_rows / tile_rows * tile_rows;
    for (int64_t row = s.begin; row < s.end; row += block) {
        const int64_t last = row + block < s.end ? row + block : s.end;
        for (int64_t r = row; r < last; r += tile_rows) {
            const int64_t n = last - r < tile_rows ? last - r : tile_rows;
            if (!direct || n < tile_rows) pack_a<W>(k, p, r, n, space + (r - row) * words);
        }
        for (int64_t j = 0; j < s.columns; j += tile_columns) {
            const int64_t m = s.columns - j < tile_columns ? s.columns - j : tile_columns;
            const float *b = packed_b + j * words;
            for (int64_t r = row; r < last; r += tile_rows) {
                const int64_t n = last - r < tile_rows ? last - r : tile_rows;
                float *c = s.at + (r - s.begin) * s.row + j;
                if (direct && n == tile_rows) {
                    const auto *a = (const typename W::Element *)k.a + r * k.a_row + p.begin;
                    tile<W, false>(a, k.a_row, W::each, b, words, c, s.row, n, m, k.scale, p.add);
                } else {
                    tile<W, true>(space + (r - row) * words, 0, 0, b, words, c, s.row, n, m, k.scale, p.add);
                }
            }
        }
    }
}

// C from sums that were kept, rounded once.
static void narrow_sums(const Product &k, const Sums &s) {
    for (int64_t r = s.begin; r < s.end; r++) {
        const float *from = s.at + (r - s.begin) * s.row;
        bf16 *to = (bf16 *)k.c + r * k.c_row + s.column;
        int64_t j = 0;
        for (; j + lanes <= s.columns; j += lanes) store(to + j, k.add ? load(to + j) + load(from + j) : load(from + j));
        for (; j < s.columns; j++) narrow(k.add ? widen(to[j]) + from[j] : from[j], to[j]);
    }
}

}  // namespace awl::AWL_ISA
