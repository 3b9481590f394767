// The tiles of y = x W^T for few rows: as many sums as fit the registers, all rows of x against W weight rows, which stay
// in the first cache meanwhile.
//
// Each output is one running sum over vectors of `lanes` products and one tree over its lanes, so it has the same bits
// whatever rows are computed beside it, in whatever tile.
#pragma once

namespace awl {

struct LinearRows {
    const float *x;
    const void *weight;
    float *y;
    int64_t rows, width, x_stride, weight_stride, y_stride;
};

// Cuts outputs [begin, end) of matrices that stand side by side, the i-th from start[i] on, into body(i, from, to) with
// rows of each.
template <class Body>
void each_matrix(int32_t count, const int64_t *start, int64_t begin, int64_t end, const Body &body) {
    for (int32_t i = 0; i < count; i++) {
        const int64_t from = begin > start[i] ? begin : start[i];
        const int64_t to = end < start[i + 1] ? end : start[i + 1];
        if (from < to) body(i, from - start[i], to - start[i]);
    }
}

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// Weight rows and x rows of a tile: as many sums as fit the registers beside an x vector each and one weight, and enough
// to hide an FMA's latency.
constexpr int tile_x = lanes == 16 ? 4 : 3;
constexpr int tile_weights = lanes == 16 ? 6 : 4;
constexpr int tile_weights_of_one = 8;

// Weights that are widened for several tiles are widened up to this width.
constexpr int64_t most_widened = 4096;

AWL_INLINE float tree_sum(f32 v) {
#if defined(__AVX512F__)
    typedef float f16v __attribute__((vector_size(64)));
    typedef float f8v __attribute__((vector_size(32)));
    const f8v eight = __builtin_shufflevector((f16v)v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                      __builtin_shufflevector((f16v)v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif defined(__AVX2__)
    const f32 eight = v;
#endif
    typedef float f4v __attribute__((vector_size(16)));
#if defined(__AVX2__)
    const f4v four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
#else
    const f4v four = v;
#endif
    const f4v two = four + __builtin_shufflevector(four, four, 2, 3, 2, 3);
    return two[0] + two[1];
}

template <class T, int W, int X>
static void tile(const LinearRows &k, const T *weight, int64_t weight_stride, int64_t output, int64_t row) {
    const int64_t whole = k.width - k.width % lanes;
    const int64_t rest = k.width - whole;
    const float *x = k.x + row * k.x_stride;
    f32 sums[W][X] = {};
    for (int64_t i = 0; i < whole; i += lanes) {
        f32 values[X];
        for (int b = 0; b < X; b++) values[b] = load(x + b * k.x_stride + i);
        for (int a = 0; a < W; a++) {
            const T *at = weight + a * weight_stride + i;
            // The next tile's weights, while there is arithmetic to do on these.
            if (X == 1 || row == 0) __builtin_prefetch(at + W * weight_stride);
            const f32 w = load(at);
            for (int b = 0; b < X; b++) sums[a][b] += w * values[b];
        }
    }
    if (rest) {
        for (int a = 0; a < W; a++) {
            const f32 w = load_part(weight + a * weight_stride + whole, rest, 0);
            for (int b = 0; b < X; b++) sums[a][b] += w * load_part(x + b * k.x_stride + whole, rest, 0);
        }
    }
    for (int b = 0; b < X; b++)
        for (int a = 0; a < W; a++) k.y[(row + b) * k.y_stride + output + a] = tree_sum(sums[a][b]);
}

// All rows of x against W weight rows, which stay in the first cache meanwhile.
template <class T, int W>
static void tiles(const LinearRows &k, const T *weight, int64_t weight_stride, int64_t output) {
    int64_t row = 0;
    // A single row left over would not hide an FMA's latency: then two pairs are better than three and one.
    while (k.rows - row >= tile_x && k.rows - row != tile_x + 1) {
        tile<T, W, tile_x>(k, weight, weight_stride, output, row);
        row += tile_x;
    }
    for (; row + 2 <= k.rows; row += 2) tile<T, W, 2>(k, weight, weight_stride, output, row);
    if (row < k.rows) tile<T, W, 1>(k, weight, weight_stride, output, row);
}

}  // namespace awl::AWL_ISA

#endif
