// Attention of new tokens against a key/value cache: rotate queries and keys, store keys and values, attend. One call a
// layer instead of a dozen small operations, and no GEMM: with one query a head there is nothing to block for.
//
// Each (token, key/value head) is computed by one thread in one order, so a sequence gets the same bits alone and in a
// batch.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct CacheAttention {
    float *projected;  // H queries, K keys, K values of E numbers a row
    const float *cosine, *sine;
    float *keys, *values;
    const int64_t *slot, *position;
    float *out;
    int64_t heads, kv_heads, width, rotated, capacity, projected_stride, out_stride, window;
    float scale, soft_cap;
};

constexpr int64_t cache_attention_widest = 512;

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

constexpr int64_t tokens_of_block = 64;
constexpr int heads_of_tile = 4;

// Half-split rotation; the sine's first half carries the minus sign.
static void rotate(float *x, const float *cosine, const float *sine, int64_t rotated) {
    const int64_t half = rotated / 2;
    for (int64_t i = 0; i < half; i++) {
        const float a = x[i], b = x[i + half];
        x[i] = a * cosine[i] + b * sine[i];
        x[i + half] = b * cosine[i + half] + a * sine[i + half];
    }
}

void cache_attention_store(const CacheAttention &k, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++) {
        float *row = k.projected + n * k.projected_stride;
        for (int64_t head = 0; head < k.heads + k.kv_heads; head++)
            rotate(row + head * k.width, k.cosine + n * k.rotated, k.sine + n * k.rotated, k.rotated);
        for (int64_t head = 0; head < k.kv_heads; head++) {
            const int64_t at = ((k.slot[n] * k.kv_heads + head) * k.capacity + k.position[n]) * k.width;
            memcpy(k.keys + at, row + (k.heads + head) * k.width, k.width * sizeof(float));
            memcpy(k.values + at, row + (k.heads + k.kv_heads + head) * k.width, k.width * sizeof(float));
        }
    }
}

template <int G>
static void dots(const float *queries, const float *key, int64_t width, float *scores) {
    const int64_t whole = width - width % lanes;
    f32 sums[G] = {};
    for (int64_t i = 0; i < whole; i += lanes) {
        const f32 at = load(key + i);
        for (int g = 0; g < G; g++) sums[g] += load(queries + g * width + i) * at;
    }
    for (int g = 0; g < G; g++) {
        float total = 0;
        for (int i = 0; i < lanes; i++) total += sums[g][i];
        for (int64_t i = whole; i < width; i++) total += queries[g * width + i] * key[i];
        scores[g * tokens_of_block] = total;
    }
}

// G heads that share a key/value head, over tokens [from, to): softmax as it comes (Milakov and Gimelshein 2018).
template <int G>
static void attend(const CacheAttention &k, const float *queries, const float *keys, const float *values, int64_t from,
                   int64_t to, float *out) {
    float sums[G][cache_attention_widest];
    float scores[G * tokens_of_block];
    float maximum[G];
    double total[G];
    for (int g = 0; g < G; g++) {
        maximum[g] = -3.402823466e38f;
        total[g] = 0;
        memset(sums[g], 0, k.width * sizeof(float));
    }
    for (int64_t block = from; block < to; block += tokens_of_block) {
        const int64_t count = to - block < tokens_of_block ? to - block : tokens_of_block;
        for (int64_t t = 0; t < count; t++) dots<G>(queries, keys + (block + t) * k.width, k.width, scores + t);
        for (int g = 0; g < G; g++) {
            float *score = scores + g * tokens_of_block;
            // Beyond the count lie scores that weigh nothing.
            for (int64_t t = count; t < tokens_of_block; t++) score[t] = -3.402823466e38f;
            f32 most = all(maximum[g]);
            for (int64_t t = 0; t < tokens_of_block; t += lanes) {
                f32 z = load(score + t) * k.scale;
                if (k.soft_cap > 0) z = tanh(z * (1 / k.soft_cap)) * k.soft_cap;
                store(score + t, z);
            }
            for (int64_t t = count; t < tokens_of_block; t++) score[t] = -3.402823466e38f;
            for (int64_t t = 0; t < tokens_of_block; t += lanes) most = max(load(score + t), most);
            const float now = max(most);
            const float factor = exp(all(maximum[g] - now))[0];
            maximum[g] = now;
            f32 added = {};
            for (int64_t t = 0; t < tokens_of_block; t += lanes) {
                const f32 e = exp(load(score + t) - now);
                store(score + t, e);
                added += e;
            }
            total[g] = total[g] * factor + sum(added);
            const int64_t whole = k.width - k.width % lanes;
            int64_t i = 0;
            for (; i + 4 * lanes <= whole; i += 4 * lanes) {
                f32 part[4];
                for (int j = 0; j < 4; j++) part[j] = load(sums[g] + i + j * lanes) * factor;
                for (int64_t t = 0; t < count; t++)
                    for (int j = 0; j < 4; j++)
                        part[j] += load(values + (block + t) * k.width + i + j * lanes) * score[t];
                for (int j = 0; j < 4; j++) store(sums[g] + i + j * lanes, part[j]);
            }
            for (; i < whole; i += lanes) {
                f32 part = load(sums[g] + i) * factor;
                for (int64_t t = 0; t < count; t++) part += load(values + (block + t) * k.width + i) * score[t];
                store(sums[g] + i, part);
            }
            for (; i < k.width; i++) {
                float part = sums[g][i] * factor;
                for (int64_t t = 0; t < count; t++) part += values[(block + t) * k.width + i] * score[t];
                sums[g][i] = part;
            }
        }
    }
    for (int g = 0; g < G; g++) {
        const float inverse = (float)(1 / total[g]);
        for (int64_t i = 0; i < k.width; i++) out[g * k.width + i] = sums[g][i] * inverse;
    }
}

// Items are (token, key/value head).
void cache_attention_attend(const CacheAttention &k, int64_t begin, int64_t end) {
    const int64_t group = k.heads / k.kv_heads;
    for (int64_t item = begin; item < end; item++) {
        const int64_t n = item / k.kv_heads, head = item % k.kv_heads;
        const int64_t to = k.position[n] + 1;
        const int64_t from = k.window > 0 && to > k.window ? to - k.window : 0;
        const int64_t cached = (k.slot[n] * k.kv_heads + head) * k.capacity * k.width;
        const float *keys = k.keys + cached, *values = k.values + cached;
        for (int64_t g = 0; g < group; g += heads_of_tile) {
            const float *queries = k.projected + n * k.projected_stride + (head * group + g) * k.width;
            float *out = k.out + n * k.out_stride + (head * group + g) * k.width;
            switch (group - g) {
                case 1: attend<1>(k, queries, keys, values, from, to, out); break;
                case 2: attend<2>(k, queries, keys, values, from, to, out); break;
                case 3: attend<3>(k, queries, keys, values, from, to, out); break;
                default: attend<heads_of_tile>(k, queries, keys, values, from, to, out);
            }
        }
    }
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void cache_attention_store(const CacheAttention &, int64_t, int64_t))
AWL_DECLARE(void cache_attention_attend(const CacheAttention &, int64_t, int64_t))

namespace {

bool dense(const awl_tensor *t) {
    int64_t stride = 1;
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        if (t->size[axis] != 1 && t->stride[axis] != stride) return false;
        stride *= t->size[axis];
    }
    return true;
}

int32_t check_cache(const char *argument, const awl_tensor *t) {
    AWL_TRY(awl::check("cache_attention", argument, t, AWL_CPU, AWL_F32, 4, -1));
    if (!dense(t)) return awl::fail(AWL_BAD_ARGUMENT, "cache_attention: %s: expected contiguous axes", argument);
    return AWL_OK;
}

}  // namespace

extern "C" int32_t awl_cache_attention(awl_tensor *projected, const awl_tensor *cosine, const awl_tensor *sine,
                                       awl_tensor *keys, awl_tensor *values, const awl_tensor *slot,
                                       const awl_tensor *position, awl_tensor *out, double scale, double soft_cap,
                                       int64_t window, void *) {
    awl::clear_error();
    const char *name = "cache_attention";
    AWL_TRY(check_cache("keys", keys));
    AWL_TRY(check_cache("values", values));
    for (int axis = 0; axis < 4; axis++)
        if (keys->size[axis] != values->size[axis])
            return awl::fail(AWL_BAD_ARGUMENT, "%s: values: expected the shape of keys", name);
    const int64_t slots = keys->size[0], kv_heads = keys->size[1], capacity = keys->size[2], width = keys->size[3];
    AWL_TRY(awl::check(name, "projected", projected, AWL_CPU, AWL_F32, 2, -1));
    const int64_t rows = projected->size[0];
    AWL_TRY(awl::check(name, "out", out, AWL_CPU, AWL_F32, 2, rows));
    const int64_t heads = width > 0 ? out->size[1] / width : 0;
    if (width < 1 || width > awl::cache_attention_widest || kv_heads < 1 || heads < 1 || heads % kv_heads != 0 ||
        heads * width != out->size[1] || projected->size[1] != (heads + 2 * kv_heads) * width)
        return awl::fail(AWL_BAD_ARGUMENT,
                         "%s: expected projected (N, (H + 2K) E) and out (N, H E) with K = %lld, E = %lld (1 to %lld) and"
                         " H a multiple of K, got %lld and %lld columns",
                         name, (long long)kv_heads, (long long)width, (long long)awl::cache_attention_widest,
                         (long long)projected->size[1], (long long)out->size[1]);
    AWL_TRY(awl::check_dense(name, "cosine", cosine, AWL_CPU, AWL_F32, 2, rows));
    const int64_t rotated = cosine->size[1];
    AWL_TRY(awl::check_dense(name, "sine", sine, AWL_CPU, AWL_F32, 2, rows, rotated));
    if (rotated > width || rotated % 2 != 0)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: cosine: expected an even number of columns up to %lld, got %lld", name,
                         (long long)width, (long long)rotated);
    AWL_TRY(awl::check_dense(name, "slot", slot, AWL_CPU, AWL_I64, 1, rows));
    AWL_TRY(awl::check_dense(name, "position", position, AWL_CPU, AWL_I64, 1, rows));
    const awl::CacheAttention k{(float *)projected->data,
                                (const float *)cosine->data,
                                (const float *)sine->data,
                                (float *)keys->data,
                                (float *)values->data,
                                (const int64_t *)slot->data,
                                (const int64_t *)position->data,
                                (float *)out->data,
                                heads,
                                kv_heads,
                                width,
                                rotated,
                                capacity,
                                projected->stride[0],
                                out->stride[0],
                                window,
                                (float)scale,
                                (float)soft_cap};
    int64_t reads = 0;
    for (int64_t n = 0; n < rows; n++) {
        if (k.slot[n] < 0 || k.slot[n] >= slots || k.position[n] < 0 || k.position[n] >= capacity)
            return awl::fail(AWL_BAD_ARGUMENT, "%s: token %lld: slot %lld of %lld, position %lld of %lld", name,
                             (long long)n, (long long)k.slot[n], (long long)slots, (long long)k.position[n],
                             (long long)capacity);
        reads += k.position[n] + 1;
    }
    // All are stored before any attends: tokens of one slot see each other.
    awl::parallel(rows, 1 + 32768 / ((heads + kv_heads) * width), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(cache_attention_store)(k, begin, end);
    });
    const int64_t items = rows * kv_heads;
    // Numbers read by an item on average; below some 16k starting a thread costs more than it saves.
    const int64_t work = rows ? 1 + reads / rows * (heads / kv_heads + 1) * width : 1;
    awl::parallel(items, 1 + 16384 / work, [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(cache_attention_attend)(k, begin, end);
    });
    return AWL_OK;
}

#endif
