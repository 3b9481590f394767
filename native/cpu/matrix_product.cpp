// C (+)= scale A B, summed in float32, after "Anatomy of High-Performance Matrix Multiplication" (Goto and van de Geijn 2008) and
// BLIS (Van Zee and van de Geijn 2015): B is packed into panels that stay in the last cache, A into panels that stay in
// the second, and a tile of C that fills the registers takes one column of A and one row of B at a time. What is stored
// in bfloat16 is widened as it is packed.
//
// Every element of C is one chain of additions in the order of the inner axis, cut into equal pieces that depend on the
// shape alone, so that it has the same bits on any number of threads.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct Product {
    const void *a, *b;
    bool a_half, b_half;  // bfloat16 rather than float32
    float *c;
    int64_t rows, columns, depth;
    int64_t a_row, a_depth;     // strides of A [rows, depth]; one of them is 1
    int64_t b_depth, b_column;  // strides of B [depth, columns]; one of them is 1
    int64_t c_row;
    float scale;
};

// A piece of the inner axis; `add` adds to C, which is written otherwise.
struct Piece {
    int64_t begin, depth;
    bool add;
};

constexpr int64_t most_depth = AWL_PRODUCT_DEPTH;
constexpr int64_t most_columns = AWL_PRODUCT_COLUMNS;
constexpr int64_t most_rows = AWL_PRODUCT_ROWS;

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// The register tile: 6 x 16 on AVX2's 16 registers, 14 x 32 on AVX-512's 32.
#if defined(__AVX512F__)
constexpr int tile_rows = 14;
#else
constexpr int tile_rows = 6;
#endif
constexpr int tile_columns = 2 * lanes;
static_assert(most_columns % tile_columns == 0, "a block of B is whole panels");

void product_tile(int64_t *rows, int64_t *columns) {
    *rows = tile_rows;
    *columns = tile_columns;
}

AWL_INLINE float wide(float x) { return x; }

AWL_INLINE float wide(bf16 x) {
    const uint32_t bits = (uint32_t)x.bits << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

template <class T>
static void pack_b(const T *b, const Product &k, const Piece &p, int64_t begin, int64_t first, int64_t last,
                   float *packed) {
    for (int64_t panel = first; panel < last; panel++) {
        const int64_t column = begin + panel * tile_columns;
        const int64_t n = k.columns - column < tile_columns ? k.columns - column : tile_columns;
        const T *from = b + p.begin * k.b_depth + column * k.b_column;
        float *to = packed + panel * p.depth * tile_columns;
        if (n < tile_columns) memset(to, 0, p.depth * tile_columns * sizeof(float));
        if (k.b_column == 1) {
            for (int64_t d = 0; d < p.depth; d++, from += k.b_depth, to += tile_columns) {
                if (n == tile_columns) {
                    store(to, load(from));
                    store(to + lanes, load(from + lanes));
                } else {
                    for (int64_t j = 0; j < n; j++) to[j] = wide(from[j]);
                }
            }
        } else {
            // A few columns at a time, each read along its memory.
            for (int64_t j = 0; j < n; j++) {
                const T *row = from + j * k.b_column;
                for (int64_t d = 0; d < p.depth; d++) to[d * tile_columns + j] = wide(row[d * k.b_depth]);
            }
        }
    }
}

// Panels [first, last) of the block of B that begins at column `begin`, each [depth][tile_columns], zeros behind the end.
void product_pack_b(const Product &k, const Piece &p, int64_t begin, int64_t first, int64_t last, float *packed) {
    if (k.b_half) {
        pack_b((const bf16 *)k.b, k, p, begin, first, last, packed);
    } else {
        pack_b((const float *)k.b, k, p, begin, first, last, packed);
    }
}

// Rows [row, row + n) of A as [depth][tile_rows], zeros behind the end.
template <class T>
static void pack_a(const T *a, const Product &k, const Piece &p, int64_t row, int64_t n, float *packed) {
    const T *from = a + row * k.a_row + p.begin * k.a_depth;
    if (n < tile_rows) memset(packed, 0, p.depth * tile_rows * sizeof(float));
    if (k.a_row == 1) {
        for (int64_t d = 0; d < p.depth; d++, from += k.a_depth, packed += tile_rows) {
            if (n == tile_rows) {
#pragma GCC unroll 14
                for (int i = 0; i < tile_rows; i++) packed[i] = wide(from[i]);
            } else {
                for (int64_t i = 0; i < n; i++) packed[i] = wide(from[i]);
            }
        }
    } else if (n == tile_rows) {
        for (int64_t d = 0; d < p.depth; d++) {
#pragma GCC unroll 14
            for (int i = 0; i < tile_rows; i++) packed[d * tile_rows + i] = wide(from[i * k.a_row + d]);
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t d = 0; d < p.depth; d++) packed[d * tile_rows + i] = wide(from[i * k.a_row + d]);
        }
    }
}

// One tile of C. A is packed, or stands in memory with rows `a_row` apart.
template <bool packed>
static void tile(const float *a, int64_t a_row, const float *b, int64_t depth, float *c, int64_t c_row, int64_t rows,
                 int64_t columns, float scale, bool add) {
    f32 sums[tile_rows][2];
#pragma GCC unroll 14
    for (int i = 0; i < tile_rows; i++) sums[i][0] = sums[i][1] = f32{};
    for (int64_t d = 0; d < depth; d++) {
        const f32 b0 = load(b);
        const f32 b1 = load(b + lanes);
#pragma GCC unroll 14
        for (int i = 0; i < tile_rows; i++) {
            const f32 x = all(packed ? a[i] : a[i * a_row]);
            sums[i][0] += x * b0;
            sums[i][1] += x * b1;
        }
        a += packed ? tile_rows : 1;
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

// Rows [begin, end) of C by `columns` columns from `column` on, with B packed. `space` holds a block of A.
void product_rows(const Product &k, const Piece &p, int64_t begin, int64_t end, int64_t column, int64_t columns,
                  const float *packed_b, float *space) {
    // Packing A costs about as much as multiplying it with one or two panels.
    const bool direct = !k.a_half && k.a_depth == 1 && columns <= 2 * tile_columns;
    const int64_t block = most_rows / tile_rows * tile_rows;
    for (int64_t row = begin; row < end; row += block) {
        const int64_t last = row + block < end ? row + block : end;
        for (int64_t r = row; r < last; r += tile_rows) {
            const int64_t n = last - r < tile_rows ? last - r : tile_rows;
            if (direct && n == tile_rows) continue;
            float *panel = space + (r - row) * p.depth;
            if (k.a_half) {
                pack_a((const bf16 *)k.a, k, p, r, n, panel);
            } else {
                pack_a((const float *)k.a, k, p, r, n, panel);
            }
        }
        for (int64_t j = 0; j < columns; j += tile_columns) {
            const int64_t m = columns - j < tile_columns ? columns - j : tile_columns;
            const float *b = packed_b + j * p.depth;
            for (int64_t r = row; r < last; r += tile_rows) {
                const int64_t n = last - r < tile_rows ? last - r : tile_rows;
                float *c = k.c + r * k.c_row + column + j;
                if (direct && n == tile_rows) {
                    const float *a = (const float *)k.a + r * k.a_row + p.begin;
                    tile<false>(a, k.a_row, b, p.depth, c, k.c_row, n, m, k.scale, p.add);
                } else {
                    tile<true>(space + (r - row) * p.depth, 0, b, p.depth, c, k.c_row, n, m, k.scale, p.add);
                }
            }
        }
    }
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void product_tile(int64_t *, int64_t *))
AWL_DECLARE(void product_pack_b(const Product &, const Piece &, int64_t, int64_t, int64_t, float *))
AWL_DECLARE(void product_rows(const Product &, const Piece &, int64_t, int64_t, int64_t, int64_t, const float *, float *))

namespace {

constexpr int64_t space_of_a = awl::most_depth * awl::most_rows;
constexpr int64_t space_of_b = awl::most_depth * awl::most_columns;

// Equal pieces of the inner axis.
template <class Body>
void pieces(const awl::Product &k, bool add, const Body &body) {
    const int64_t count = (k.depth + awl::most_depth - 1) / awl::most_depth;
    for (int64_t i = 0; i < count; i++) {
        const int64_t begin = k.depth * i / count;
        body(awl::Piece{begin, k.depth * (i + 1) / count - begin, add || i > 0});
    }
}

// Threads share a packed block of B and have rows of C each.
void by_rows(const awl::Product &k, bool add, float *space, int64_t threads, int64_t tile_rows, int64_t tile_columns) {
    float *packed_b = space;
    const int64_t panels_of_rows = (k.rows + tile_rows - 1) / tile_rows;
    awl::team(threads, [&](int64_t me, int64_t all) {
        float *packed_a = space + space_of_b + me * space_of_a;
        const int64_t begin = panels_of_rows * me / all * tile_rows;
        const int64_t stop = panels_of_rows * (me + 1) / all * tile_rows;
        const int64_t end = stop < k.rows ? stop : k.rows;
        for (int64_t column = 0; column < k.columns; column += awl::most_columns) {
            const int64_t rest = k.columns - column;
            const int64_t columns = rest < awl::most_columns ? rest : awl::most_columns;
            const int64_t panels = (columns + tile_columns - 1) / tile_columns;
            pieces(k, add, [&](const awl::Piece &p) {
                AWL_DISPATCH(product_pack_b)(k, p, column, panels * me / all, panels * (me + 1) / all, packed_b);
                awl::wait_for_team();
                AWL_DISPATCH(product_rows)(k, p, begin, end, column, columns, packed_b, packed_a);
                awl::wait_for_team();
            });
        }
    });
}

// Few rows: threads have columns of C each, and a part of the space for B.
void by_columns(const awl::Product &k, bool add, float *space, int64_t threads, int64_t tile_columns) {
    const int64_t most = awl::most_columns / threads / tile_columns * tile_columns;
    const int64_t panels = (k.columns + tile_columns - 1) / tile_columns;
    awl::parallel(threads, 1, [&](int64_t first, int64_t last) {
        for (int64_t share = first; share < last; share++) {
            float *packed_b = space + share * most * awl::most_depth;
            float *packed_a = space + space_of_b + share * space_of_a;
            const int64_t begin = panels * share / threads * tile_columns;
            const int64_t stop = panels * (share + 1) / threads * tile_columns;
            const int64_t end = stop < k.columns ? stop : k.columns;
            for (int64_t column = begin; column < end; column += most) {
                const int64_t columns = end - column < most ? end - column : most;
                pieces(k, add, [&](const awl::Piece &p) {
                    AWL_DISPATCH(product_pack_b)
                    (k, p, column, 0, (columns + tile_columns - 1) / tile_columns, packed_b);
                    AWL_DISPATCH(product_rows)(k, p, 0, k.rows, column, columns, packed_b, packed_a);
                });
            }
        }
    });
}

int32_t check_matrix(const char *argument, const awl_tensor *t, int64_t rows, int64_t columns) {
    if (awl::absent(t))
        return awl::fail(AWL_BAD_ARGUMENT, "matrix_product: %s: expected a tensor, got none", argument);
    const int32_t dtype = t->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    // The transpose of a matrix is checked as that matrix.
    if (t->rank == 2 && t->stride[0] == 1 && t->stride[1] != 1) {
        awl_tensor turned = *t;
        turned.size[0] = t->size[1], turned.size[1] = t->size[0];
        turned.stride[0] = t->stride[1], turned.stride[1] = 1;
        return awl::check("matrix_product", argument, &turned, AWL_CPU, dtype, 2, columns, rows);
    }
    return awl::check("matrix_product", argument, t, AWL_CPU, dtype, 2, rows, columns);
}

}  // namespace

extern "C" int32_t awl_matrix_product(const awl_tensor *a, const awl_tensor *b, awl_tensor *c, awl_tensor *workspace,
                                      double scale, int32_t add, void *) {
    static const char kernel[] = "matrix_product";
    awl::clear_error();
    AWL_TRY(check_matrix("a", a, -1, -1));
    AWL_TRY(check_matrix("b", b, a->size[1], -1));
    AWL_TRY(awl::check(kernel, "c", c, AWL_CPU, AWL_F32, 2, a->size[0], b->size[1]));
    AWL_TRY(awl::check_dense(kernel, "workspace", workspace, AWL_CPU, AWL_F32, 1, -1));
    const int64_t fit = (workspace->size[0] - space_of_b) / space_of_a;
    if (fit < 1)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: workspace: expected at least %lld floats, got %lld", kernel,
                         (long long)(space_of_a + space_of_b), (long long)workspace->size[0]);
    const awl::Product k{a->data,      b->data,       a->dtype == AWL_BF16, b->dtype == AWL_BF16,
                         (float *)c->data, a->size[0],    b->size[1],           a->size[1],
                         a->stride[0], a->stride[1],  b->stride[0],         b->stride[1],
                         c->stride[0], (float)scale};
    if (k.rows == 0 || k.columns == 0) return AWL_OK;
    if (k.depth == 0) {
        for (int64_t i = 0; i < k.rows && !add; i++) {
            for (int64_t j = 0; j < k.columns; j++) k.c[i * k.c_row + j] = 0;
        }
        return AWL_OK;
    }
    int64_t tile_rows, tile_columns;
    AWL_DISPATCH(product_tile)(&tile_rows, &tile_columns);
    const int64_t panels_of_rows = (k.rows + tile_rows - 1) / tile_rows;
    const int64_t panels_of_columns = (k.columns + tile_columns - 1) / tile_columns;
    // A thread for at least a million multiplications: starting it costs some ten microseconds.
    int64_t threads = 1 + k.rows * k.columns * k.depth / 1000000;
    if (threads > awl::threads()) threads = awl::threads();
    if (threads > fit) threads = fit;
    const bool wide = panels_of_rows < 8 * threads && panels_of_rows < panels_of_columns;
    const int64_t shares = wide ? panels_of_columns : panels_of_rows;
    if (threads > shares) threads = shares;
    if (threads > awl::most_columns / tile_columns) threads = awl::most_columns / tile_columns;
    float *space = (float *)workspace->data;
    if (wide)
        by_columns(k, add != 0, space, threads, tile_columns);
    else
        by_rows(k, add != 0, space, threads, tile_rows, tile_columns);
    return AWL_OK;
}

#endif
