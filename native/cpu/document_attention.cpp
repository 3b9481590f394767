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
    const void *projected;  // H queries, K keys and K values of E numbers a row
    const int64_t *start;   // row of every document's first token, and the number of rows
    void *out;
    float *log_sum_exp;
    const void *gradient;
    void *below;
    bool half;  // all of them but log_sum_exp are bfloat16
    int64_t heads, kv_heads, width, rows, projected_stride, out_stride, gradient_stride, below_stride, window;
    int64_t padded_length, padded_width;  // of the longest document and of a head, as the space has room for
    float scale, soft_cap;
};

constexpr int64_t attention_block = 48;  // queries at once; AWL_ATTENTION_SPACE knows it

}  // namespace awl

#ifdef AWL_ISA

#include "attention_block.h"

namespace awl::AWL_ISA {

constexpr float nothing = -3.402823466e38f;

// A row of scores becomes exp(score - maximum), rounded to what products read, in its own memory: what is narrower goes
// before what was read.
template <class T>
static double exponentials(float *row, const Seen &seen, const Block &b, float cap, float *maximum) {
    f32 most = all(nothing);
    for (int64_t t = seen.begin; t < seen.end; t += lanes) {
        f32 z = load(row + t);
        if (cap > 0) z = tanh(z * (1 / cap)) * cap;
        z = seen.only(t, z, nothing);
        store(row + t, z);
        most = max(z, most);
    }
    const float top = max(most);
    f32 total = {};
    for (int64_t t = seen.begin; t < seen.end; t += lanes) {
        const f32 e = exp(load(row + t) - top);
        store((T *)(void *)row + t, e);
        total += e;
    }
    seen.clear((T *)(void *)row, b);
    *maximum = top;
    return sum(total);
}

// Where the parts of a thread's space begin.
struct Space {
    float *next;

    float *take(int64_t floats) {
        float *const here = next;
        next += floats;
        return here;
    }
};

// Rows of one head in a document, from the first that is packed on.
template <class In>
static Rows<In> head_rows(const void *tensor, int64_t stride, int64_t row, int64_t column, int64_t rows, int64_t width) {
    return {(const typename In::Element *)tensor + row * stride + column, stride, rows, width};
}

// Queries [begin, end) of the document, for all heads of one key/value head.
template <class In>
static void forward(const DocumentAttention &k, int64_t document, int64_t head, int64_t begin, int64_t end, float *space) {
    typedef typename In::Element T;
    const int64_t base = k.window > 0 && begin > k.window - 1 ? begin - (k.window - 1) : 0;
    const int64_t keys = end - base, group = k.heads / k.kv_heads, first = k.start[document] + base;
    Space free{space};
    float *const panels = free.take(k.padded_length * k.padded_width);
    float *const values = free.take(k.padded_length * k.padded_width);
    float *const scores = free.take(attention_block * k.padded_length);
    float *const queries = free.take(attention_block * k.padded_width);
    float *const sums = free.take(attention_block * k.padded_width);
    head_rows<In>(k.projected, k.projected_stride, first, (k.heads + head) * k.width, keys, k.width).along(panels);
    head_rows<In>(k.projected, k.projected_stride, first, (k.heads + k.kv_heads + head) * k.width, keys, k.width)
        .across(values);
    for (int64_t h = head * group; h < (head + 1) * group; h++) {
        for (int64_t at = begin - base; at < keys; at += block_rows) {
            Block b{at, keys - at < block_rows ? keys - at : block_rows, 0};
            if (k.window > 0 && at > k.window - 1) b.from = (at - (k.window - 1)) / tile_columns * tile_columns;
            head_rows<In>(k.projected, k.projected_stride, first + at, h * k.width, b.count, k.width).as_left(queries);
            products<In>(k, b, queries, panels, k.scale, scores);
            float inverse[block_rows];
            for (int64_t r = 0; r < b.count; r++) {
                float *row = scores + r * k.padded_length;
                const Seen seen(b, r, k.window);
                float maximum;
                const double total =
                    exponentials<typename Between<In>::Words::Element>(row, seen, b, k.soft_cap, &maximum);
                inverse[r] = (float)(1 / total);
                k.log_sum_exp[h * k.rows + first + at + r] = (float)(maximum + __builtin_log(total));
            }
            gather<In>(k, b, scores, values, keys, 1, sums);
            for (int64_t r = 0; r < b.count; r++)
                write_row(sums + r * k.padded_width, k.width, inverse[r],
                          (T *)k.out + (first + at + r) * k.out_stride + h * k.width);
        }
    }
}

// One row: probabilities from scores, and the scores' gradient from that of the probabilities, as products read them.
template <class T>
static void backward_row(float *row, float *up, const Seen &seen, const Block &b, float log_sum_exp, float mean, float cap) {
    for (int64_t t = seen.begin; t < seen.end; t += lanes) {
        f32 z = load(row + t), slope = all(1);
        if (cap > 0) {
            const f32 squashed = tanh(z * (1 / cap));
            z = squashed * cap;
            slope = 1 - squashed * squashed;
        }
        const f32 p = exp(z - log_sum_exp), above = p * (load(up + t) - mean) * slope;
        store((T *)(void *)row + t, seen.only(t, p, 0));
        store((T *)(void *)up + t, seen.only(t, above, 0));
    }
    seen.clear((T *)(void *)row, b);
    seen.clear((T *)(void *)up, b);
}

template <class In>
static void backward(const DocumentAttention &k, int64_t document, int64_t head, float *space) {
    typedef typename In::Element T;
    const int64_t begin = k.start[document], length = k.start[document + 1] - begin, group = k.heads / k.kv_heads;
    const int64_t whole = k.padded_length * k.padded_width, of_block = attention_block * k.padded_width;
    Space free{space};
    float *const key_panels = free.take(whole), *const value_panels = free.take(whole), *const keys = free.take(whole);
    float *const key_sums = free.take(whole), *const value_sums = free.take(whole);
    float *const scores = free.take(attention_block * k.padded_length), *const ups = free.take(attention_block * k.padded_length);
    float *const left = free.take(of_block), *const queries = free.take(of_block), *const gradients = free.take(of_block);
    float *const query_sums = free.take(of_block), *const turned = free.take(attention_block * tile_rows);
    const Rows<In> key = head_rows<In>(k.projected, k.projected_stride, begin, (k.heads + head) * k.width, length, k.width);
    key.along(key_panels);
    key.across(keys);
    head_rows<In>(k.projected, k.projected_stride, begin, (k.heads + k.kv_heads + head) * k.width, length, k.width)
        .along(value_panels);
    memset(key_sums, 0, (length + tile_rows) * k.padded_width * sizeof(float));
    memset(value_sums, 0, (length + tile_rows) * k.padded_width * sizeof(float));
    for (int64_t h = head * group; h < (head + 1) * group; h++) {
        for (int64_t at = 0; at < length; at += block_rows) {
            Block b{at, length - at < block_rows ? length - at : block_rows, 0};
            if (k.window > 0 && at > k.window - 1) b.from = (at - (k.window - 1)) / tile_columns * tile_columns;
            const int64_t column = h * k.width;
            const Rows<In> query = head_rows<In>(k.projected, k.projected_stride, begin + at, column, b.count, k.width);
            const Rows<In> above = head_rows<In>(k.gradient, k.gradient_stride, begin + at, column, b.count, k.width);
            const Rows<In> result = head_rows<In>(k.out, k.out_stride, begin + at, column, b.count, k.width);
            query.as_left(left);
            products<In>(k, b, left, key_panels, k.scale, scores);
            above.as_left(left);
            products<In>(k, b, left, value_panels, 1, ups);
            for (int64_t r = 0; r < b.count; r++) {
                const float mean = dot(above.at + r * above.stride, result.at + r * result.stride, k.width);
                float *row = scores + r * k.padded_length, *up_row = ups + r * k.padded_length;
                const Seen seen(b, r, k.window);
                backward_row<typename Between<In>::Words::Element>(
                    row, up_row, seen, b, k.log_sum_exp[h * k.rows + begin + at + r], mean, k.soft_cap);
            }
            gather<In>(k, b, ups, keys, length, k.scale, query_sums);
            for (int64_t r = 0; r < b.count; r++)
                write_row(query_sums + r * k.padded_width, k.width, 1, (T *)k.below + (begin + at + r) * k.below_stride + column);
            query.across(queries);
            above.across(gradients);
            scatter<In>(k, b, ups, queries, k.scale, key_sums, turned);
            scatter<In>(k, b, scores, gradients, 1, value_sums, turned);
        }
    }
    for (int64_t t = 0; t < length; t++) {
        T *to = (T *)k.below + (begin + t) * k.below_stride + (k.heads + head) * k.width;
        write_row(key_sums + t * k.padded_width, k.width, 1, to);
        write_row(value_sums + t * k.padded_width, k.width, 1, to + k.kv_heads * k.width);
    }
}

#if defined(__AVX512BF16__)
typedef Two Half;
#else
typedef One<bf16> Half;
#endif

void document_attention_forward(const DocumentAttention &k, int64_t document, int64_t head, int64_t begin, int64_t end,
                                float *space) {
    return k.half ? forward<Half>(k, document, head, begin, end, space)
                  : forward<One<float>>(k, document, head, begin, end, space);
}

void document_attention_backward(const DocumentAttention &k, int64_t document, int64_t head, float *space) {
    return k.half ? backward<Half>(k, document, head, space) : backward<One<float>>(k, document, head, space);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE_BF16(void document_attention_forward(const DocumentAttention &, int64_t, int64_t, int64_t, int64_t, float *))
AWL_DECLARE_BF16(void document_attention_backward(const DocumentAttention &, int64_t, int64_t, float *))

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
    const bool half = !awl::absent(projected) && projected->dtype == AWL_BF16;
    const int32_t dtype = half ? AWL_BF16 : AWL_F32;
    AWL_TRY(awl::check(name, "projected", projected, AWL_CPU, dtype, 2, -1));
    const int64_t rows = projected->size[0];
    AWL_TRY(awl::check(name, "out", out, AWL_CPU, dtype, 2, rows));
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
    k->half = half;
    k->projected = projected->data;
    k->start = at;
    k->out = out->data;
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
        if (begin < end) AWL_DISPATCH_BF16(document_attention_forward)(k, document, head, begin, end, space);
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
    AWL_TRY(awl::check(name, "gradient", gradient, AWL_CPU, out->dtype, 2, k.rows, out->size[1]));
    AWL_TRY(awl::check(name, "below", below, AWL_CPU, out->dtype, 2, k.rows, projected->size[1]));
    k.gradient = gradient->data, k.gradient_stride = gradient->stride[0];
    k.below = below->data, k.below_stride = below->stride[0];
    return run(name, k, workspace, (start->size[0] - 1) * k.kv_heads, [&](int64_t i, float *space) {
        AWL_DISPATCH_BF16(document_attention_backward)(k, i / k.kv_heads, i % k.kv_heads, space);
    });
}

#endif
