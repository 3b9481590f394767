// C (+)= scale A B, summed in float32, after "Anatomy of High-Performance Matrix Multiplication" (Goto and van de Geijn 2008) and
// BLIS (Van Zee and van de Geijn 2015): B is packed into panels that stay in the last cache, A into panels that stay in
// the second, and a tile of C that fills the registers takes one column of A and one row of B at a time. What is stored
// in bfloat16 is widened as it is packed.
//
// Every element of C is one chain of additions in the order of the inner axis, cut into equal pieces that depend on the
// shape alone, so that it has the same bits on any number of threads.
//
// The threads take tasks in one order, each as soon as it is free: on a machine that is shared a thread may be away for
// longer than the whole product takes, and equal shares would make the others wait for it.
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
constexpr int64_t most_rows = AWL_PRODUCT_ROWS;

}  // namespace awl

#ifdef AWL_ISA

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
            int64_t begin_of_rest = 0;
#if defined(__AVX2__)
            if (n == tile_columns && k.b_depth == 1) {
                for (; begin_of_rest + 8 <= p.depth; begin_of_rest += 8) {
                    for (int j = 0; j < tile_columns; j += 8)
                        transpose<8>(from + j * k.b_column + begin_of_rest, k.b_column,
                                     to + begin_of_rest * tile_columns + j, tile_columns);
                }
            }
#endif
            for (int64_t j = 0; j < n; j++) {
                const T *row = from + j * k.b_column;
                for (int64_t d = begin_of_rest; d < p.depth; d++) to[d * tile_columns + j] = wide(row[d * k.b_depth]);
            }
        }
    }
}

// Panels [first, last) of the piece of B that begins at column `begin`, each [depth][tile_columns], zeros behind the end.
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
        int64_t d = 0;
#if defined(__AVX2__)
        // The last group of rows is short of eight: what it writes too much is written over, by the next depth or by
        // the groups that follow, but for the last depth of all.
        constexpr int whole = tile_rows / 8 * 8;
        for (; d + 8 < p.depth; d += 8) {
            transpose<tile_rows - whole>(from + whole * k.a_row + d, k.a_row, packed + d * tile_rows + whole, tile_rows);
            for (int i = 0; i < whole; i += 8) transpose<8>(from + i * k.a_row + d, k.a_row, packed + d * tile_rows + i, tile_rows);
        }
#endif
        for (; d < p.depth; d++) {
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
    for (int i = 0; i < tile_rows; i++) {
        sums[i][0] = sums[i][1] = f32{};
        // C comes from far away and is wanted behind the loop; without this a tenth of the time went there.
        for (int j = 0; j < tile_columns + 15 && i < rows; j += 16)
            __builtin_prefetch(c + i * c_row + (j < tile_columns ? j : tile_columns - 1), 1);
    }
#pragma GCC unroll 4
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

#include <sched.h>

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void product_tile(int64_t *, int64_t *))
AWL_DECLARE(void product_pack_b(const Product &, const Piece &, int64_t, int64_t, int64_t, float *))
AWL_DECLARE(void product_rows(const Product &, const Piece &, int64_t, int64_t, int64_t, int64_t, const float *, float *))

namespace {

constexpr int64_t space_of_a = awl::most_depth * awl::most_rows;
constexpr int64_t space_of_b = AWL_PRODUCT_SPACE;

// Panels of B that are packed by one task.
constexpr int64_t panels_of_task = 8;
// Pieces of the inner axis that are packed together.
constexpr int64_t most_pieces = 5;

// Waits for tasks that others have taken before.
void wait_for(const int64_t &done, int64_t wanted) {
    for (int64_t looks = 1; __atomic_load_n(&done, __ATOMIC_ACQUIRE) < wanted; looks++) {
        if (looks % 1024 == 0) sched_yield();
    }
}

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// How many pieces of at most `size` make `total`.
int64_t parts(int64_t total, int64_t size) { return (total + size - 1) / size; }

class Tasks {
public:
    Tasks(const awl::Product &product, bool add, float *space, int64_t threads)
        : k(product), add_to_c(add), packed_b(space), packed_a(space + space_of_b) {
        AWL_DISPATCH(product_tile)(&tile_rows, &tile_columns);
        pieces = parts(k.depth, awl::most_depth);
        together = least(pieces, most_pieces);
        columns = space_of_b / (together * awl::most_depth) / tile_columns * tile_columns;
        rows = parts(parts(k.rows, 4 * threads), tile_rows) * tile_rows;
        const int64_t few = 8 * tile_rows, many = awl::most_rows / tile_rows * tile_rows;
        rows = rows < few ? few : least(rows, many);
        // Where rows make too few tasks for the threads, columns make more.
        const int64_t shares = threads > 1 ? parts(3 * threads, parts(k.rows, rows)) : 1;
        const int64_t panels = parts(least(k.columns, columns), tile_columns);
        share = parts(panels, shares < panels ? shares : panels) * tile_columns;
    }

    void run(int64_t me) {
        float *a = packed_a + me * space_of_a;
        int64_t task = next(), before = 0, packed_before = 0, done_before = 0;
        for (int64_t column = 0; column < k.columns; column += columns) {
            const int64_t width = least(k.columns - column, columns);
            const int64_t panels = parts(width, tile_columns);
            for (int64_t piece = 0; piece < pieces; piece += together) {
                const int64_t last = least(piece + together, pieces);
                const int64_t groups = parts(panels, panels_of_task);
                const int64_t packs = groups * (last - piece);
                const int64_t shares = parts(width, share);
                const int64_t blocks = shares * parts(k.rows, rows);
                for (; task < before + packs + blocks; task = next()) {
                    const int64_t i = task - before;
                    if (i < packs) {
                        // What was packed before is still in use until then.
                        wait_for(done, done_before);
                        const int64_t first = i % groups * panels_of_task;
                        AWL_DISPATCH(product_pack_b)(k, at(piece + i / groups), column, first,
                                                     least(first + panels_of_task, panels),
                                                     part(piece, piece + i / groups, panels));
                        __atomic_fetch_add(&packed, 1, __ATOMIC_ACQ_REL);
                    } else {
                        wait_for(packed, packed_before + packs);
                        const int64_t row = (i - packs) / shares * rows, from = (i - packs) % shares * share;
                        for (int64_t p = piece; p < last; p++) {
                            AWL_DISPATCH(product_rows)(k, at(p), row, least(row + rows, k.rows), column + from,
                                                       least(width - from, share),
                                                       part(piece, p, panels) + from * at(p).depth, a);
                        }
                        __atomic_fetch_add(&done, 1, __ATOMIC_ACQ_REL);
                    }
                }
                before += packs + blocks, packed_before += packs, done_before += blocks;
            }
        }
    }

    // Tasks that can run side by side; more threads would only wait.
    int64_t width() const { return parts(k.rows, rows) * parts(least(k.columns, columns), share); }

private:
    int64_t next() { return __atomic_fetch_add(&taken, 1, __ATOMIC_ACQ_REL); }

    awl::Piece at(int64_t piece) const {
        const int64_t begin = k.depth * piece / pieces;
        return {begin, k.depth * (piece + 1) / pieces - begin, add_to_c || piece > 0};
    }

    // Where a piece of those packed together, from `first` on, lies.
    float *part(int64_t first, int64_t piece, int64_t panels) const {
        return packed_b + (at(piece).begin - at(first).begin) * panels * tile_columns;
    }

    const awl::Product &k;
    const bool add_to_c;
    float *const packed_b, *const packed_a;
    int64_t tile_rows, tile_columns;
    int64_t pieces, together;  // of the inner axis
    int64_t columns;           // whose panels of B are packed together
    int64_t rows, share;       // rows and columns of C that a task computes
    alignas(64) int64_t taken = 0;
    alignas(64) int64_t packed = 0;
    alignas(64) int64_t done = 0;
};

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
    // A thread for at least a million multiplications: starting it costs some ten microseconds.
    int64_t threads = least(least(1 + k.rows * k.columns * k.depth / 1000000, awl::threads()), fit);
    Tasks tasks(k, add != 0, (float *)workspace->data, threads);
    awl::team(least(threads, tasks.width()), [&](int64_t me) { tasks.run(me); });
    return AWL_OK;
}

#endif
