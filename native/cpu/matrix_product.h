// What a matrix product is asked to do, and the pieces it is cut into.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

namespace awl {

struct Product {
    const void *a, *b;
    bool a_half, b_half;  // bfloat16 rather than float32
    bool pairs;           // both are, and the machine adds two of their products at once
    void *c;
    bool c_half, add;  // to C, which is written otherwise
    int64_t rows, columns, depth;
    int64_t a_row, a_depth;     // strides of A [rows, depth]; one of them is 1
    int64_t b_depth, b_column;  // strides of B [depth, columns]; one of them is 1
    int64_t c_row;
    float scale;

    // Packed numbers of four bytes that `n` numbers of the inner axis take.
    int64_t words(int64_t n) const { return pairs ? (n + 1) / 2 : n; }
};

// A piece of the inner axis, which begins at an even place; `add` adds to the sums, which are written otherwise.
struct Piece {
    int64_t begin, depth;
    bool add;
};

// The sums of a task, rows [begin, end) by `columns` columns from `column` on, where they are kept: in C, or in a thread's
// space until all are there and C is written in bfloat16.
struct Sums {
    int64_t begin, end, column, columns;
    float *at;
    int64_t row;
};

// Words of the inner axis in a piece, and rows of A that are packed together, at most.
constexpr int64_t most_depth = AWL_PRODUCT_DEPTH;
constexpr int64_t most_rows = AWL_PRODUCT_ROWS;
// Columns of a task whose sums are kept in a thread's space.
constexpr int64_t most_kept = AWL_PRODUCT_KEPT;

}  // namespace awl
