// C (+)= scale A B, summed in float32, after "Anatomy of High-Performance Matrix Multiplication" (Goto and van de Geijn 2008) and
// BLIS (Van Zee and van de Geijn 2015): B is packed into panels that stay in the last cache, A into panels that stay in
// the second, and a tile of C that fills the registers takes one column of A and one row of B at a time. What is stored
// in bfloat16 is widened as it is packed.
//
// Every element of C is one chain of additions in the order of the inner axis, cut into equal pieces that depend on the
// shape alone, so that it has the same bits on any number of threads. C in bfloat16 is rounded once, from sums that a thread
// keeps in its second cache until they are complete.
//
// The threads take tasks in one order, each as soon as it is free: on a machine that is shared a thread may be away for
// longer than the whole product takes, and equal shares would make the others wait for it.
#include "isa.h"
#include "matrix_product.h"

#ifdef AWL_ISA

#include "matrix_rows.h"

namespace awl::AWL_ISA {

void product_tile(int64_t *rows, int64_t *columns) {
    *rows = tile_rows;
    *columns = tile_columns;
}

void product_pack_b(const Product &k, const Piece &p, int64_t begin, int64_t first, int64_t last, float *packed) {
#if defined(__AVX512BF16__)
    if (k.pairs) return pack_b<Two>(k, p, begin, first, last, packed);
#endif
    if (k.b_half) return pack_b<One<bf16>>(k, p, begin, first, last, packed);
    pack_b<One<float>>(k, p, begin, first, last, packed);
}

void product_rows(const Product &k, const Piece &p, const Sums &s, const float *packed_b, float *space) {
#if defined(__AVX512BF16__)
    if (k.pairs) return rows_of_product<Two>(k, p, s, packed_b, space);
#endif
    if (k.a_half) return rows_of_product<One<bf16>>(k, p, s, packed_b, space);
    rows_of_product<One<float>>(k, p, s, packed_b, space);
}

void product_narrow(const Product &k, const Sums &s) { narrow_sums(k, s); }

}  // namespace awl::AWL_ISA

#else

#include <sched.h>
#include <string.h>

#include "parallel.h"
#include "status.h"

AWL_DECLARE_BF16(void product_tile(int64_t *, int64_t *))
AWL_DECLARE_BF16(void product_pack_b(const Product &, const Piece &, int64_t, int64_t, int64_t, float *))
AWL_DECLARE_BF16(void product_rows(const Product &, const Piece &, const Sums &, const float *, float *))
AWL_DECLARE_BF16(void product_narrow(const Product &, const Sums &))

namespace {

constexpr int64_t space_of_a = awl::most_depth * awl::most_rows;
constexpr int64_t space_of_thread = space_of_a + awl::most_rows * awl::most_kept;
static_assert(space_of_thread == AWL_PRODUCT_SPACE_THREAD);
constexpr int64_t space_of_b = AWL_PRODUCT_SPACE;

// Panels of B that are packed by one task.
constexpr int64_t panels_of_task = 8;
// Pieces of the inner axis that are packed together.
constexpr int64_t most_pieces = 5;
static_assert(AWL_PRODUCT_HALF_DEPTH <= most_pieces * awl::most_depth);

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
    // `pair`, where there is one, is a product that is added: one more piece of the inner axis.
    Tasks(const awl::Product &product, const awl::Product *pair, float *space, int64_t threads)
        : k(product), pair(pair), packed_b(space), own(space + space_of_b) {
        AWL_DISPATCH_BF16(product_tile)(&tile_rows, &tile_columns);
        pieces = parts(k.words(k.depth), awl::most_depth);
        together = least(pieces, most_pieces);
        columns = space_of_b / ((together + (pair ? 1 : 0)) * awl::most_depth) / tile_columns * tile_columns;
        rows = parts(parts(k.rows, 4 * threads), tile_rows) * tile_rows;
        const int64_t few = 8 * tile_rows, many = awl::most_rows / tile_rows * tile_rows;
        rows = rows < few ? few : least(rows, many);
        // Where rows make too few tasks for the threads, columns make more.
        const int64_t shares = threads > 1 ? parts(3 * threads, parts(k.rows, rows)) : 1;
        const int64_t panels = parts(least(k.columns, columns), tile_columns);
        share = parts(panels, shares < panels ? shares : panels) * tile_columns;
        if (k.c_half) share = least(share, awl::most_kept);
    }

    void run(int64_t me) {
        float *a = own + me * space_of_thread;
        int64_t task = next(), before = 0, packed_before = 0, done_before = 0;
        for (int64_t column = 0; column < k.columns; column += columns) {
            const int64_t width = least(k.columns - column, columns);
            const int64_t panels = parts(width, tile_columns);
            for (int64_t piece = 0; piece < pieces; piece += together) {
                const int64_t whole = least(piece + together, pieces), last = whole + (pair && whole == pieces ? 1 : 0);
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
                        AWL_DISPATCH_BF16(product_pack_b)(of(piece + i / groups), at(piece + i / groups), column, first,
                                                     least(first + panels_of_task, panels),
                                                     part(piece, piece + i / groups, panels));
                        __atomic_fetch_add(&packed, 1, __ATOMIC_ACQ_REL);
                    } else {
                        wait_for(packed, packed_before + packs);
                        const int64_t row = (i - packs) / shares * rows, from = (i - packs) % shares * share;
                        const awl::Sums sums = sums_of(row, column + from, least(width - from, share), a + space_of_a);
                        for (int64_t p = piece; p < last; p++) {
                            AWL_DISPATCH_BF16(product_rows)(of(p), at(p), sums,
                                                            part(piece, p, panels) + from * of(p).words(at(p).depth), a);
                        }
                        if (k.c_half) AWL_DISPATCH_BF16(product_narrow)(k, sums);
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

    const awl::Product &of(int64_t piece) const { return piece < pieces ? k : *pair; }

    awl::Piece at(int64_t piece) const {
        if (piece == pieces) return {0, pair->depth, true};
        const int64_t begin = start(piece);
        return {begin, start(piece + 1) - begin, (k.add && !k.c_half) || piece > 0};
    }

    awl::Sums sums_of(int64_t row, int64_t column, int64_t width, float *kept) const {
        const int64_t end = least(row + rows, k.rows);
        if (k.c_half) return {row, end, column, width, kept, awl::most_kept};
        return {row, end, column, width, (float *)k.c + row * k.c_row + column, k.c_row};
    }

    int64_t start(int64_t piece) const {
        const int64_t even = k.pairs ? 2 : 1;
        return piece == pieces ? k.depth : k.depth * piece / pieces / even * even;
    }

    // Where a piece of those packed together, from `first` on, lies.
    float *part(int64_t first, int64_t piece, int64_t panels) const {
        return packed_b + k.words(start(piece) - start(first)) * panels * tile_columns;
    }

    const awl::Product &k;
    const awl::Product *const pair;
    float *const packed_b, *const own;  // own: of each thread
    int64_t tile_rows, tile_columns;
    int64_t pieces, together;  // of the inner axis, the pair's not counted
    int64_t columns;           // whose panels of B are packed together
    int64_t rows, share;       // rows and columns of C that a task computes
    alignas(64) int64_t taken = 0;
    alignas(64) int64_t packed = 0;
    alignas(64) int64_t done = 0;
};

int32_t check_matrix(const char *kernel, const char *argument, const awl_tensor *t, int64_t rows, int64_t columns) {
    if (awl::absent(t))
        return awl::fail(AWL_BAD_ARGUMENT, "%s: %s: expected a tensor, got none", kernel, argument);
    const int32_t dtype = t->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    // The transpose of a matrix is checked as that matrix.
    if (t->rank == 2 && t->stride[0] == 1 && t->stride[1] != 1) {
        awl_tensor turned = *t;
        turned.size[0] = t->size[1], turned.size[1] = t->size[0];
        turned.stride[0] = t->stride[1], turned.stride[1] = 1;
        return awl::check(kernel, argument, &turned, AWL_CPU, dtype, 2, columns, rows);
    }
    return awl::check(kernel, argument, t, AWL_CPU, dtype, 2, rows, columns);
}

// c (+)= scale a b, from views that were checked.
awl::Product product(const awl_tensor *a, const awl_tensor *b, const awl_tensor *c, double scale, bool add) {
    const bool a_half = a->dtype == AWL_BF16, b_half = b->dtype == AWL_BF16;
    return {a->data,      b->data,      a_half,       b_half,       a_half && b_half && AWL_HAS_BF16,
            c->data,      c->dtype == AWL_BF16,       add,          a->size[0],   b->size[1],
            a->size[1],   a->stride[0], a->stride[1], b->stride[0], b->stride[1],
            c->stride[0], (float)scale};
}

// `pair` may be null.
int32_t run(const char *kernel, const awl::Product &k, const awl::Product *pair, awl_tensor *workspace) {
    if (k.c_half && k.depth > AWL_PRODUCT_HALF_DEPTH)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: c: expected float32 where the inner axis is longer than %d, got bfloat16 at %lld",
                         kernel, AWL_PRODUCT_HALF_DEPTH, (long long)k.depth);
    AWL_TRY(awl::check_dense(kernel, "workspace", workspace, AWL_CPU, AWL_F32, 1, -1));
    const int64_t fit = (workspace->size[0] - space_of_b) / space_of_thread;
    if (fit < 1)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: workspace: expected at least %lld floats, got %lld", kernel,
                         (long long)(space_of_thread + space_of_b), (long long)workspace->size[0]);
    if (k.rows == 0 || k.columns == 0) return AWL_OK;
    if (k.depth == 0) {
        if (pair) {
            awl::Product alone = *pair;
            alone.add = k.add;
            return run(kernel, alone, nullptr, workspace);
        }
        const int64_t bytes = k.c_half ? 2 : 4;
        for (int64_t i = 0; i < k.rows && !k.add; i++) memset((char *)k.c + i * k.c_row * bytes, 0, k.columns * bytes);
        return AWL_OK;
    }
    // A thread for at least a million multiplications: starting it costs some ten microseconds.
    int64_t threads = least(least(1 + k.rows * k.columns * k.depth / 1000000, awl::threads()), fit);
    Tasks tasks(k, pair && pair->depth > 0 ? pair : nullptr, (float *)workspace->data, threads);
    awl::team(least(threads, tasks.width()), [&](int64_t me) { tasks.run(me); });
    return AWL_OK;
}

int32_t check_product(const char *kernel, const awl_tensor *a, const awl_tensor *b, const awl_tensor *c) {
    AWL_TRY(check_matrix(kernel, "a", a, -1, -1));
    AWL_TRY(check_matrix(kernel, "b", b, a->size[1], -1));
    const bool c_half = !awl::absent(c) && c->dtype == AWL_BF16;
    return awl::check(kernel, "c", c, AWL_CPU, c_half ? AWL_BF16 : AWL_F32, 2, a->size[0], b->size[1]);
}

}  // namespace

extern "C" int32_t awl_matrix_product(const awl_tensor *a, const awl_tensor *b, awl_tensor *c, awl_tensor *workspace,
                                      double scale, int32_t add, void *) {
    static const char kernel[] = "matrix_product";
    awl::clear_error();
    AWL_TRY(check_product(kernel, a, b, c));
    return run(kernel, product(a, b, c, scale, add != 0), nullptr, workspace);
}

extern "C" int32_t awl_low_rank_product(const awl_tensor *a, const awl_tensor *b, const awl_tensor *low, const awl_tensor *up,
                                        awl_tensor *c, awl_tensor *workspace, int32_t add, void *) {
    static const char kernel[] = "low_rank_product";
    awl::clear_error();
    AWL_TRY(check_product(kernel, a, b, c));
    AWL_TRY(check_matrix(kernel, "low", low, a->size[0], -1));
    AWL_TRY(check_matrix(kernel, "up", up, low->size[1], b->size[1]));
    if (low->size[1] > AWL_PRODUCT_DEPTH)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: low: expected a rank of at most %d, got %lld", kernel, AWL_PRODUCT_DEPTH,
                         (long long)low->size[1]);
    const awl::Product pair = product(low, up, c, 1, true);
    return run(kernel, product(a, b, c, 1, add != 0), &pair, workspace);
}

#endif
