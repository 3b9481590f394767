// Attention of new tokens against a key/value cache: rotate queries and keys, store keys and values, attend. One call a
// layer instead of a dozen small operations, and no GEMM: with one query a head there is nothing to block for.
//
// Each (token, key/value head) is computed by one thread in one order, so a sequence gets the same bits alone and in a
// batch.
#include "cache_attention.h"
#include "isa.h"

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

constexpr int64_t tokens_of_block = 64;
constexpr int heads_of_tile = 4;

// Half-split rotation; the sine's first half carries the minus sign.
template <class T>
static void rotate(T *x, const float *cosine, const float *sine, int64_t rotated) {
    const int64_t half = rotated / 2;
    for (int64_t i = 0; i < half; i++) {
        const float a = widen(x[i]), b = widen(x[i + half]);
        narrow(a * cosine[i] + b * sine[i], x[i]);
        narrow(b * cosine[i + half] + a * sine[i + half], x[i + half]);
    }
}

template <class T>
static void store_rows(const CacheAttention &k, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++) {
        T *row = (T *)k.projected + n * k.projected_stride;
        for (int64_t head = 0; head < k.heads + k.kv_heads; head++)
            rotate(row + head * k.width, k.cosine + n * k.rotated, k.sine + n * k.rotated, k.rotated);
        for (int64_t head = 0; head < k.kv_heads; head++) {
            const int64_t at = ((k.slot[n] * k.kv_heads + head) * k.capacity + k.position[n]) * k.width;
            memcpy((T *)k.keys + at, row + (k.heads + head) * k.width, k.width * sizeof(T));
            memcpy((T *)k.values + at, row + (k.heads + k.kv_heads + head) * k.width, k.width * sizeof(T));
        }
    }
}

void cache_attention_store(const CacheAttention &k, int64_t begin, int64_t end) {
    k.dtype == AWL_BF16 ? store_rows<bf16>(k, begin, end) : store_rows<float>(k, begin, end);
}

template <int G, class T>
static void dots(const float *queries, const T *key, int64_t width, float *scores) {
    const int64_t whole = width - width % lanes;
    f32 sums[G] = {};
    for (int64_t i = 0; i < whole; i += lanes) {
        const f32 at = load(key + i);
        for (int g = 0; g < G; g++) sums[g] += load(queries + g * width + i) * at;
    }
    for (int g = 0; g < G; g++) {
        float total = 0;
        for (int i = 0; i < lanes; i++) total += sums[g][i];
        for (int64_t i = whole; i < width; i++) total += queries[g * width + i] * widen(key[i]);
        scores[g * tokens_of_block] = total;
    }
}

// G heads that share a key/value head, over tokens [from, to): softmax as it comes (Milakov and Gimelshein 2018).
template <int G, class T>
static void attend(const CacheAttention &k, const float *queries, const T *keys, const T *values, int64_t from, int64_t to,
                   T *out) {
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
                for (int64_t t = 0; t < count; t++) part += widen(values[(block + t) * k.width + i]) * score[t];
                sums[g][i] = part;
            }
        }
    }
    for (int g = 0; g < G; g++) {
        const float inverse = (float)(1 / total[g]);
        for (int64_t i = 0; i < k.width; i++) narrow(sums[g][i] * inverse, out[g * k.width + i]);
    }
}

// Queries in float32: where they lie, or widened into `room`.
AWL_INLINE const float *widened(const float *queries, int64_t, float *) { return queries; }

AWL_INLINE const float *widened(const bf16 *queries, int64_t count, float *room) {
    for (int64_t i = 0; i < count; i++) room[i] = widen(queries[i]);
    return room;
}

// Items are (token, key/value head).
template <class T>
static void attend_items(const CacheAttention &k, int64_t begin, int64_t end) {
    float room[heads_of_tile * cache_attention_widest];
    const int64_t group = k.heads / k.kv_heads;
    for (int64_t item = begin; item < end; item++) {
        const int64_t n = item / k.kv_heads, head = item % k.kv_heads;
        const int64_t to = k.position[n] + 1;
        const int64_t from = k.window > 0 && to > k.window ? to - k.window : 0;
        const int64_t cached = (k.slot[n] * k.kv_heads + head) * k.capacity * k.width;
        const T *keys = (const T *)k.keys + cached, *values = (const T *)k.values + cached;
        for (int64_t g = 0; g < group; g += heads_of_tile) {
            const int64_t heads = group - g < heads_of_tile ? group - g : heads_of_tile;
            const T *at = (const T *)k.projected + n * k.projected_stride + (head * group + g) * k.width;
            const float *queries = widened(at, heads * k.width, room);
            T *out = (T *)k.out + n * k.out_stride + (head * group + g) * k.width;
            switch (heads) {
                case 1: attend<1>(k, queries, keys, values, from, to, out); break;
                case 2: attend<2>(k, queries, keys, values, from, to, out); break;
                case 3: attend<3>(k, queries, keys, values, from, to, out); break;
                default: attend<heads_of_tile>(k, queries, keys, values, from, to, out);
            }
        }
    }
}

void cache_attention_attend(const CacheAttention &k, int64_t begin, int64_t end) {
    k.dtype == AWL_BF16 ? attend_items<bf16>(k, begin, end) : attend_items<float>(k, begin, end);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void cache_attention_store(const CacheAttention &, int64_t, int64_t))
AWL_DECLARE(void cache_attention_attend(const CacheAttention &, int64_t, int64_t))

extern "C" int32_t awl_cache_attention(awl_tensor *projected, const awl_tensor *cosine, const awl_tensor *sine,
                                       awl_tensor *keys, awl_tensor *values, const awl_tensor *slot,
                                       const awl_tensor *position, awl_tensor *out, double scale, double soft_cap,
                                       int64_t window, void *) {
    awl::clear_error();
    awl::CacheAttention k;
    AWL_TRY(awl::check_cache_attention(AWL_CPU, projected, cosine, sine, keys, values, slot, position, out, scale, soft_cap,
                                       window, k));
    int64_t reads = 0;
    for (int64_t n = 0; n < k.rows; n++) {
        if (k.slot[n] < 0 || k.slot[n] >= k.slots || k.position[n] < 0 || k.position[n] >= k.capacity)
            return awl::fail(AWL_BAD_ARGUMENT, "cache_attention: token %lld: slot %lld of %lld, position %lld of %lld",
                             (long long)n, (long long)k.slot[n], (long long)k.slots, (long long)k.position[n],
                             (long long)k.capacity);
        reads += k.position[n] + 1;
    }
    // All are stored before any attends: tokens of one slot see each other.
    awl::parallel(k.rows, 1 + 32768 / ((k.heads + k.kv_heads) * k.width), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(cache_attention_store)(k, begin, end);
    });
    const int64_t items = k.rows * k.kv_heads;
    // Numbers read by an item on average; below some 16k starting a thread costs more than it saves.
    const int64_t work = k.rows ? 1 + reads / k.rows * (k.heads / k.kv_heads + 1) * k.width : 1;
    awl::parallel(items, 1 + 16384 / work, [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(cache_attention_attend)(k, begin, end);
    });
    return AWL_OK;
}

#endif
