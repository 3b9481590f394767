// Causal attention inside documents that lie end to end, forwards and backwards, in tiles (FlashAttention, Dao et al. 2022;
// Rabe and Staats 2021): scores exist for one block of queries at a time, and backwards they are computed again.
//
// Everything is one small product after the other: a block of queries against packed keys, probabilities against values.
// A task is the queries that share a key/value head in one document (forwards: in a stretch of one), and is computed by
// one thread in one order, so a document gets the same bits alone and beside others.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct DocumentAttention {
    const float *projected;  // H queries, K keys and K values of E numbers a row
    const int64_t *start;    // row of every document's first token, and the number of rows
    float *out, *log_sum_exp;
    const float *gradient;
    float *below;
    int64_t heads, kv_heads, width, rows, projected_stride, out_stride, gradient_stride, below_stride, window;
    int64_t padded_length, padded_width;  // of the longest document and of a head, as the space has room for
    float scale, soft_cap;
};

constexpr int64_t attention_block = 48;  // queries at once; AWL_ATTENTION_SPACE knows it

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

#if defined(__AVX512F__)
constexpr int tile_rows = 14;
#else
constexpr int tile_rows = 6;
#endif
constexpr int tile_columns = 2 * lanes;
constexpr int64_t block_rows = attention_block / tile_rows * tile_rows;
constexpr float nothing = -3.402823466e38f;

// A full tile of C = A B, or C += A B; element (i, d) of A is a[i * a_row + d * a_depth].
template <bool add>
static void tile(const float *a, int64_t a_row, int64_t a_depth, const float *b, int64_t b_row, int64_t depth, float *c,
                 int64_t c_row) {
    f32 sums[tile_rows][2];
#pragma GCC unroll 14
    for (int i = 0; i < tile_rows; i++) sums[i][0] = sums[i][1] = f32{};
    for (int64_t d = 0; d < depth; d++, a += a_depth, b += b_row) {
        const f32 b0 = load(b), b1 = load(b + lanes);
#pragma GCC unroll 14
        for (int i = 0; i < tile_rows; i++) {
            const f32 x = all(a[i * a_row]);
            sums[i][0] += x * b0;
            sums[i][1] += x * b1;
        }
    }
#pragma GCC unroll 14
    for (int i = 0; i < tile_rows; i++) {
        float *to = c + i * c_row;
        store(to, add ? load(to) + sums[i][0] : sums[i][0]);
        store(to + lanes, add ? load(to + lanes) + sums[i][1] : sums[i][1]);
    }
}

// Rows of a head, each padded with zeros to `padded` columns; rows up to `most` are zero.
static void pack_rows(const float *from, int64_t stride, int64_t rows, int64_t most, int64_t width, int64_t padded,
                      float factor, float *to) {
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; i < width; i++) to[r * padded + i] = from[r * stride + i] * factor;
        for (int64_t i = width; i < padded; i++) to[r * padded + i] = 0;
    }
    if (most > rows) memset(to + rows * padded, 0, (most - rows) * padded * sizeof(float));
}

// The transpose in panels [width][tile_columns], zeros behind the last row.
static void pack_panels(const float *from, int64_t stride, int64_t rows, int64_t width, float *to) {
    for (int64_t first = 0; first < rows; first += tile_columns, to += width * tile_columns) {
        const int64_t n = rows - first < tile_columns ? rows - first : tile_columns;
        if (n < tile_columns) memset(to, 0, width * tile_columns * sizeof(float));
        for (int64_t j = 0; j < n; j++) {
            const float *row = from + (first + j) * stride;
            for (int64_t i = 0; i < width; i++) to[i * tile_columns + j] = row[i];
        }
    }
}

static int64_t up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// Queries [first, first + count) of a document against its keys [from, first + count), from a multiple of tile_columns.
// All positions here count from the first key that is packed.
struct Block {
    int64_t first, count, from;

    int64_t to() const { return first + count; }
    // Behind the last key that any tile of queries or keys reads or writes.
    int64_t end() const { return up(to(), tile_columns) + tile_rows; }
};

// scores[r][t] = sum of a[r] and panel t, for all keys that some query of a tile sees.
static void products(const Block &b, const float *a, const float *panels, const DocumentAttention &k, float *scores) {
    for (int64_t r = 0; r < b.count; r += tile_rows) {
        const int64_t last = b.first + r + tile_rows < b.to() ? b.first + r + tile_rows : b.to();
        for (int64_t t = b.from; t < last; t += tile_columns) {
            tile<false>(a + r * k.padded_width, k.padded_width, 1, panels + t * k.width, tile_columns, k.width,
                        scores + r * k.padded_length + t, k.padded_length);
        }
    }
}

// into[r] = sum over keys of weights[r][t] rows[t], for the tiles of a block.
static void gather(const Block &b, const float *weights, const float *rows, const DocumentAttention &k, float *into) {
    for (int64_t r = 0; r < b.count; r += tile_rows) {
        const int64_t last = b.first + r + tile_rows < b.to() ? b.first + r + tile_rows : b.to();
        for (int64_t i = 0; i < k.width; i += tile_columns) {
            tile<false>(weights + r * k.padded_length + b.from, k.padded_length, 1, rows + b.from * k.padded_width + i,
                        k.padded_width, last - b.from, into + r * k.padded_width + i, k.padded_width);
        }
    }
}

// into[t] += sum over queries of weights[r][t] rows[r]: what keys and values get from a block.
static void scatter(const Block &b, const float *weights, const float *rows, const DocumentAttention &k, float *into) {
    for (int64_t t = b.from; t < b.to(); t += tile_rows) {
        const int64_t r = t > b.first ? t - b.first : 0;  // earlier queries do not see these keys
        for (int64_t i = 0; i < k.width; i += tile_columns) {
            tile<true>(weights + r * k.padded_length + t, 1, k.padded_length, rows + r * k.padded_width + i,
                       k.padded_width, b.count - r, into + t * k.padded_width + i, k.padded_width);
        }
    }
}

// The keys a query sees, and the vectors they lie in.
struct Seen {
    int64_t low, high, begin, end;

    Seen(const Block &b, int64_t r, int64_t window) {
        high = b.first + r + 1;
        low = window > 0 && high - window > b.from ? high - window : b.from;
        begin = b.from + (low - b.from) / lanes * lanes;
        end = b.from + up(high - b.from, lanes);
    }

    void hide(float *row, float value) const {
        for (int64_t t = begin; t < low; t++) row[t] = value;
        for (int64_t t = high; t < end; t++) row[t] = value;
    }

    void clear(float *row, const Block &b) const {
        memset(row + b.from, 0, (begin - b.from) * sizeof(float));
        memset(row + end, 0, (b.end() - end) * sizeof(float));
    }
};

static void soft_cap_row(float *row, const Seen &seen, float cap) {
    for (int64_t t = seen.begin; t < seen.end; t += lanes) store(row + t, tanh(load(row + t) * (1 / cap)) * cap);
}

// A row of scores becomes exp(score - maximum), zero where nothing is seen.
static double exponentials(float *row, const Seen &seen, float *maximum) {
    seen.hide(row, nothing);
    f32 most = all(nothing);
    for (int64_t t = seen.begin; t < seen.end; t += lanes) most = max(load(row + t), most);
    const float top = max(most);
    f32 total = {};
    for (int64_t t = seen.begin; t < seen.end; t += lanes) {
        const f32 e = exp(load(row + t) - top);
        store(row + t, e);
        total += e;
    }
    *maximum = top;
    return sum(total);
}

// Queries [begin, end) of the document, for all heads of one key/value head.
void document_attention_forward(const DocumentAttention &k, int64_t document, int64_t head, int64_t begin, int64_t end,
                                float *space) {
    const int64_t base = k.window > 0 && begin > k.window - 1 ? begin - (k.window - 1) : 0;
    const int64_t keys = end - base, group = k.heads / k.kv_heads;
    const float *first = k.projected + (k.start[document] + base) * k.projected_stride;
    float *panels = space;
    float *values = panels + k.padded_length * k.padded_width;
    float *scores = values + k.padded_length * k.padded_width;
    float *queries = scores + attention_block * k.padded_length;
    float *sums = queries + attention_block * k.padded_width;
    pack_panels(first + (k.heads + head) * k.width, k.projected_stride, keys, k.width, panels);
    pack_rows(first + (k.heads + k.kv_heads + head) * k.width, k.projected_stride, keys, keys, k.width, k.padded_width, 1,
              values);
    for (int64_t h = head * group; h < (head + 1) * group; h++) {
        for (int64_t at = begin - base; at < keys; at += block_rows) {
            Block b{at, keys - at < block_rows ? keys - at : block_rows, 0};
            if (k.window > 0 && at > k.window - 1) b.from = (at - (k.window - 1)) / tile_columns * tile_columns;
            pack_rows(first + at * k.projected_stride + h * k.width, k.projected_stride, b.count, block_rows, k.width,
                      k.padded_width, k.scale, queries);
            products(b, queries, panels, k, scores);
            float inverse[block_rows];
            for (int64_t r = 0; r < b.count; r++) {
                float *row = scores + r * k.padded_length;
                const Seen seen(b, r, k.window);
                if (k.soft_cap > 0) soft_cap_row(row, seen, k.soft_cap);
                float maximum;
                const double total = exponentials(row, seen, &maximum);
                seen.clear(row, b);
                inverse[r] = (float)(1 / total);
                k.log_sum_exp[h * k.rows + k.start[document] + base + at + r] = (float)(maximum + __builtin_log(total));
            }
            gather(b, scores, values, k, sums);
            for (int64_t r = 0; r < b.count; r++) {
                float *to = k.out + (k.start[document] + base + at + r) * k.out_stride + h * k.width;
                for (int64_t i = 0; i < k.width; i++) to[i] = sums[r * k.padded_width + i] * inverse[r];
            }
        }
    }
}

// One row: probabilities from scores, and the scores' gradient from that of the probabilities.
static void backward_row(float *row, float *up, const Seen &seen, float log_sum_exp, float mean, float cap) {
    for (int64_t t = seen.begin; t < seen.end; t += lanes) {
        f32 z = load(row + t), slope = all(1);
        if (cap > 0) {
            const f32 squashed = tanh(z * (1 / cap));
            z = squashed * cap;
            slope = 1 - squashed * squashed;
        }
        const f32 p = exp(z - log_sum_exp);
        store(row + t, p);
        store(up + t, p * (load(up + t) - mean) * slope);
    }
    seen.hide(row, 0);
    seen.hide(up, 0);
}

void document_attention_backward(const DocumentAttention &k, int64_t document, int64_t head, float *space) {
    const int64_t begin = k.start[document], length = k.start[document + 1] - begin, group = k.heads / k.kv_heads;
    const int64_t whole = k.padded_length * k.padded_width;
    const float *first = k.projected + begin * k.projected_stride;
    const float *key = first + (k.heads + head) * k.width, *value = key + k.kv_heads * k.width;
    float *key_panels = space, *value_panels = key_panels + whole, *keys = value_panels + whole;
    float *key_sums = keys + whole, *value_sums = key_sums + whole;
    float *scores = value_sums + whole, *ups = scores + attention_block * k.padded_length;
    float *queries = ups + attention_block * k.padded_length, *gradients = queries + attention_block * k.padded_width;
    float *query_sums = gradients + attention_block * k.padded_width;
    pack_panels(key, k.projected_stride, length, k.width, key_panels);
    pack_panels(value, k.projected_stride, length, k.width, value_panels);
    pack_rows(key, k.projected_stride, length, length, k.width, k.padded_width, 1, keys);
    memset(key_sums, 0, up(length, tile_rows) * k.padded_width * sizeof(float));
    memset(value_sums, 0, up(length, tile_rows) * k.padded_width * sizeof(float));
    for (int64_t h = head * group; h < (head + 1) * group; h++) {
        for (int64_t at = 0; at < length; at += block_rows) {
            Block b{at, length - at < block_rows ? length - at : block_rows, 0};
            if (k.window > 0 && at > k.window - 1) b.from = (at - (k.window - 1)) / tile_columns * tile_columns;
            pack_rows(first + at * k.projected_stride + h * k.width, k.projected_stride, b.count, block_rows, k.width,
                      k.padded_width, k.scale, queries);
            pack_rows(k.gradient + (begin + at) * k.gradient_stride + h * k.width, k.gradient_stride, b.count, block_rows,
                      k.width, k.padded_width, 1, gradients);
            products(b, queries, key_panels, k, scores);
            products(b, gradients, value_panels, k, ups);
            for (int64_t r = 0; r < b.count; r++) {
                const int64_t n = begin + at + r;
                const float *result = k.out + n * k.out_stride + h * k.width;
                double mean = 0;
                for (int64_t i = 0; i < k.width; i++) mean += gradients[r * k.padded_width + i] * result[i];
                float *row = scores + r * k.padded_length, *up_row = ups + r * k.padded_length;
                const Seen seen(b, r, k.window);
                backward_row(row, up_row, seen, k.log_sum_exp[h * k.rows + n], (float)mean, k.soft_cap);
                seen.clear(row, b);
                seen.clear(up_row, b);
            }
            gather(b, ups, keys, k, query_sums);
            for (int64_t r = 0; r < b.count; r++) {
                float *to = k.below + (begin + at + r) * k.below_stride + h * k.width;
                for (int64_t i = 0; i < k.width; i++) to[i] = query_sums[r * k.padded_width + i] * k.scale;
            }
            scatter(b, ups, queries, k, key_sums);  // the queries carry the scale
            scatter(b, scores, gradients, k, value_sums);
        }
    }
    for (int64_t t = 0; t < length; t++) {
        float *to = k.below + (begin + t) * k.below_stride + (k.heads + head) * k.width;
        memcpy(to, key_sums + t * k.padded_width, k.width * sizeof(float));
        memcpy(to + k.kv_heads * k.width, value_sums + t * k.padded_width, k.width * sizeof(float));
    }
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void document_attention_forward(const DocumentAttention &, int64_t, int64_t, int64_t, int64_t, float *))
AWL_DECLARE(void document_attention_backward(const DocumentAttention &, int64_t, int64_t, float *))

namespace {

// Queries of a task forwards: enough that packing their keys costs little.
constexpr int64_t stretch = 192;

int64_t longest(const awl::DocumentAttention &k, int64_t documents) {
    int64_t most = 0;
    for (int64_t d = 0; d < documents; d++) {
        const int64_t length = k.start[d + 1] - k.start[d];
        most = length > most ? length : most;
    }
    return most;
}

// Checks what both directions share.
int32_t describe(const char *name, const awl_tensor *projected, const awl_tensor *start, const awl_tensor *out,
                 const awl_tensor *log_sum_exp, double scale, double soft_cap, int64_t window, awl::DocumentAttention *k) {
    AWL_TRY(awl::check(name, "projected", projected, AWL_CPU, AWL_F32, 2, -1));
    const int64_t rows = projected->size[0];
    AWL_TRY(awl::check(name, "out", out, AWL_CPU, AWL_F32, 2, rows));
    AWL_TRY(awl::check_dense(name, "log_sum_exp", log_sum_exp, AWL_CPU, AWL_F32, 2, -1, rows));
    AWL_TRY(awl::check_dense(name, "start", start, AWL_CPU, AWL_I64, 1, -1));
    const int64_t heads = log_sum_exp->size[0], width = heads > 0 ? out->size[1] / heads : 0;
    const int64_t kv_heads = width > 0 ? (projected->size[1] - out->size[1]) / (2 * width) : 0;
    if (heads < 1 || width < 1 || kv_heads < 1 || heads % kv_heads != 0 || heads * width != out->size[1] ||
        (heads + 2 * kv_heads) * width != projected->size[1])
        return awl::fail(AWL_BAD_ARGUMENT,
                         "%s: expected projected (N, (H + 2K) E), out (N, H E) and log_sum_exp (H, N) with H a multiple of K,"
                         " got %lld and %lld columns and %lld heads",
                         name, (long long)projected->size[1], (long long)out->size[1], (long long)heads);
    const int64_t documents = start->size[0] - 1;
    const int64_t *at = (const int64_t *)start->data;
    bool rising = documents >= 0 && at[0] == 0 && at[documents] == rows;
    for (int64_t d = 0; rising && d < documents; d++) rising = at[d] <= at[d + 1];
    if (!rising)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: start: expected rising rows from 0 to %lld", name, (long long)rows);
    *k = awl::DocumentAttention{};
    k->projected = (const float *)projected->data;
    k->start = at;
    k->out = (float *)out->data;
    k->log_sum_exp = (float *)log_sum_exp->data;
    k->heads = heads, k->kv_heads = kv_heads, k->width = width, k->rows = rows, k->window = window;
    k->projected_stride = projected->stride[0], k->out_stride = out->stride[0];
    k->scale = (float)scale, k->soft_cap = (float)soft_cap;
    k->padded_length = AWL_ATTENTION_PADDED(longest(*k, documents)) + 32;
    k->padded_width = AWL_ATTENTION_PADDED(width);
    return AWL_OK;
}

// Takes tasks one after the other on as many threads as there is space for.
template <class Task>
int32_t run(const char *name, const awl::DocumentAttention &k, awl_tensor *workspace, int64_t tasks, const Task &task) {
    AWL_TRY(awl::check_dense(name, "workspace", workspace, AWL_CPU, AWL_F32, 1, -1));
    const int64_t space = AWL_ATTENTION_SPACE(k.padded_length - 32, k.width);
    const int64_t fit = workspace->size[0] / space;
    if (fit < 1)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: workspace: expected at least %lld floats, got %lld", name,
                         (long long)space, (long long)workspace->size[0]);
    int64_t threads = awl::threads() < fit ? awl::threads() : fit;
    threads = threads < tasks ? threads : tasks;
    // Not worth waking a thread below some 100,000 multiplications.
    if (k.rows * k.heads * k.width * k.padded_length < 200000) threads = 1;
    int64_t taken = 0;
    awl::team(threads, [&](int64_t me) {
        float *own = (float *)workspace->data + me * space;
        for (int64_t i; (i = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED)) < tasks;) task(i, own);
    });
    return AWL_OK;
}

}  // namespace

extern "C" int32_t awl_document_attention(const awl_tensor *projected, const awl_tensor *start, awl_tensor *out,
                                          awl_tensor *log_sum_exp, awl_tensor *workspace, double scale, double soft_cap,
                                          int64_t window, void *) {
    awl::clear_error();
    awl::DocumentAttention k;
    AWL_TRY(describe("document_attention", projected, start, out, log_sum_exp, scale, soft_cap, window, &k));
    const int64_t documents = start->size[0] - 1;
    const int64_t stretches = (longest(k, documents) + stretch - 1) / stretch;
    return run("document_attention", k, workspace, documents * stretches * k.kv_heads, [&](int64_t i, float *space) {
        const int64_t head = i % k.kv_heads, part = i / k.kv_heads % stretches, document = i / k.kv_heads / stretches;
        const int64_t length = k.start[document + 1] - k.start[document];
        const int64_t begin = part * stretch, end = length < begin + stretch ? length : begin + stretch;
        if (begin < end) AWL_DISPATCH(document_attention_forward)(k, document, head, begin, end, space);
    });
}

extern "C" int32_t awl_document_attention_backward(const awl_tensor *gradient, const awl_tensor *projected,
                                                   const awl_tensor *start, const awl_tensor *out,
                                                   const awl_tensor *log_sum_exp, awl_tensor *below, awl_tensor *workspace,
                                                   double scale, double soft_cap, int64_t window, void *) {
    const char *name = "document_attention_backward";
    awl::clear_error();
    awl::DocumentAttention k;
    AWL_TRY(describe(name, projected, start, out, log_sum_exp, scale, soft_cap, window, &k));
    AWL_TRY(awl::check(name, "gradient", gradient, AWL_CPU, AWL_F32, 2, k.rows, out->size[1]));
    AWL_TRY(awl::check(name, "below", below, AWL_CPU, AWL_F32, 2, k.rows, projected->size[1]));
    k.gradient = (const float *)gradient->data, k.gradient_stride = gradient->stride[0];
    k.below = (float *)below->data, k.below_stride = below->stride[0];
    return run(name, k, workspace, (start->size[0] - 1) * k.kv_heads, [&](int64_t i, float *space) {
        AWL_DISPATCH(document_attention_backward)(k, i / k.kv_heads, i % k.kv_heads, space);
    });
}

#endif
