// Attention of new tokens against a key/value cache. Two launches: all tokens rotate and store, then all attend, so that
// tokens of one slot see each other.
//
// A block attends for up to four query heads of one token that share a key/value head. Its threads take a position each
// for the scores and a dimension each for the sums over values, which runs through positions in order; softmax as it
// comes (Milakov and Gimelshein 2018), a tile of positions at a time. Nothing depends on the tokens beside.
#include "cache_attention.h"

#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 128;  // positions of a tile as well
constexpr int heads_of_block = 4;
constexpr int parts = (int)cache_attention_widest / threads;
constexpr float lowest = -3.402823466e38f;

__device__ inline bool inside(const CacheAttention &k, int64_t n) {
    return k.slot[n] >= 0 && k.slot[n] < k.slots && k.position[n] >= 0 && k.position[n] < k.capacity;
}

// Blocks are (token, head of queries or keys). Half-split rotation; the sine's first half carries the minus sign.
template <class T>
__global__ void __launch_bounds__(threads) store_rows(CacheAttention k) {
    const int64_t turned = k.heads + k.kv_heads, n = blockIdx.x / turned, head = blockIdx.x % turned;
    if (!inside(k, n)) return;
    T *x = (T *)k.projected + n * k.projected_stride + head * k.width, *keys = (T *)k.keys, *values = (T *)k.values;
    const float *cosine = k.cosine + n * k.rotated, *sine = k.sine + n * k.rotated;
    const bool key = head >= k.heads;
    const int64_t at = ((k.slot[n] * k.kv_heads + (key ? head - k.heads : 0)) * k.capacity + k.position[n]) * k.width;
    const int64_t half = k.rotated / 2;
    for (int64_t i = threadIdx.x; i < half; i += threads) {
        const float a = widen(x[i]), b = widen(x[i + half]);
        narrow(a * cosine[i] + b * sine[i], x[i]);
        narrow(b * cosine[i + half] + a * sine[i + half], x[i + half]);
        if (key) keys[at + i] = x[i], keys[at + i + half] = x[i + half];
    }
    if (!key) return;
    for (int64_t i = k.rotated + threadIdx.x; i < k.width; i += threads) keys[at + i] = x[i];
    const T *value = x + k.kv_heads * k.width;
    for (int64_t i = threadIdx.x; i < k.width; i += threads) values[at + i] = value[i];
}

// Scores of one key with the block's queries.
template <int n, class T>
__device__ inline void dots(const float (*queries)[cache_attention_widest], const T *key, int64_t width,
                            float (&z)[heads_of_block]) {
    float v[n];
    for (int64_t i = 0; i < width; i += n) {
        load<n>(key + i, v);
        for (int g = 0; g < heads_of_block; g++)
            for (int j = 0; j < n; j++) z[g] += queries[g][i + j] * v[j];
    }
}

// Blocks are (token, key/value head) and, along y, four query heads of its group.
template <int n, class T>
__global__ void __launch_bounds__(threads) attend(CacheAttention k) {
    __shared__ float queries[heads_of_block][cache_attention_widest];
    __shared__ float weight[heads_of_block][threads];
    const int me = (int)threadIdx.x;
    const int64_t token = blockIdx.x / k.kv_heads, head = blockIdx.x % k.kv_heads, group = k.heads / k.kv_heads;
    const int64_t first = head * group + blockIdx.y * heads_of_block;
    const int64_t rest = group - blockIdx.y * heads_of_block, count = rest < heads_of_block ? rest : heads_of_block;
    T *out = (T *)k.out + token * k.out_stride + first * k.width;
    if (!inside(k, token)) {
        for (int64_t i = me; i < count * k.width; i += threads) narrow(NAN, out[i]);
        return;
    }
    const int64_t cached = (k.slot[token] * k.kv_heads + head) * k.capacity * k.width;
    const T *keys = (const T *)k.keys + cached, *values = (const T *)k.values + cached;
    const T *projected = (const T *)k.projected + token * k.projected_stride;
    const int64_t to = k.position[token] + 1, from = k.window > 0 && to > k.window ? to - k.window : 0;
    for (int g = 0; g < heads_of_block; g++)
        for (int64_t i = me; i < k.width; i += threads)
            queries[g][i] = g < count ? widen(projected[(first + g) * k.width + i]) : 0.f;
    __syncthreads();

    float sums[heads_of_block][parts] = {}, maximum[heads_of_block];
    double total[heads_of_block] = {};
    for (int g = 0; g < heads_of_block; g++) maximum[g] = lowest;
    for (int64_t tile = from; tile < to; tile += threads) {
        const int64_t here = to - tile < threads ? to - tile : threads;
        float z[heads_of_block] = {};
        if (me < here) dots<n>(queries, keys + (tile + me) * k.width, k.width, z);
        for (int g = 0; g < heads_of_block; g++) {
            z[g] *= k.scale;
            if (k.soft_cap > 0) z[g] = tanhf(z[g] / k.soft_cap) * k.soft_cap;
            const float most = block_max<threads>(me < here ? z[g] : lowest);
            const float now = most > maximum[g] ? most : maximum[g], factor = expf(maximum[g] - now);
            const float e = me < here ? expf(z[g] - now) : 0.f;
            weight[g][me] = e;
            total[g] = total[g] * factor + block_sum<threads>(e);
            maximum[g] = now;
            for (int j = 0; j < parts; j++) sums[g][j] *= factor;
        }
        __syncthreads();
        for (int j = 0; j < parts; j++) {
            const int64_t i = me + j * threads;
            for (int64_t t = 0; i < k.width && t < here; t++) {
                const float v = widen(values[(tile + t) * k.width + i]);
                for (int g = 0; g < heads_of_block; g++) sums[g][j] += v * weight[g][t];
            }
        }
        __syncthreads();
    }
    // Constant bounds keep the sums in registers.
    for (int g = 0; g < heads_of_block; g++) {
        const float inverse = (float)(1 / total[g]);
        for (int j = 0; j < parts; j++) {
            const int64_t i = me + j * threads;
            if (g < count && i < k.width) narrow(sums[g][j] * inverse, out[g * k.width + i]);
        }
    }
}

template <class T>
int32_t run(const CacheAttention &k, int64_t chunks, cudaStream_t stream) {
    launch(store_rows<T>, (unsigned)(k.rows * (k.heads + k.kv_heads)), threads, 0, stream, k);
    AWL_TRY(launched("cache_attention"));
    const bool wide = packs<T>(k.keys, k.width, k.width);
    launch(wide ? attend<widest<T>, T> : attend<1, T>, dim3((unsigned)(k.rows * k.kv_heads), (unsigned)chunks), threads,
           0, stream, k);
    return launched("cache_attention");
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_cache_attention(awl_tensor *projected, const awl_tensor *cosine, const awl_tensor *sine,
                                       awl_tensor *keys, awl_tensor *values, const awl_tensor *slot,
                                       const awl_tensor *position, awl_tensor *out, double scale, double soft_cap,
                                       int64_t window, void *stream) {
    awl::clear_error();
    awl::CacheAttention k;
    AWL_TRY(awl::check_cache_attention(AWL_CUDA, projected, cosine, sine, keys, values, slot, position, out, scale,
                                       soft_cap, window, k));
    const int64_t chunks = (k.heads / k.kv_heads + awl::heads_of_block - 1) / awl::heads_of_block;
    AWL_TRY(awl::check_grid("cache_attention", k.rows * (k.heads + k.kv_heads), chunks));
    if (k.rows == 0) return AWL_OK;
    return (k.dtype == AWL_BF16 ? awl::run<awl::bf16> : awl::run<float>)(k, chunks, (cudaStream_t)stream);
}
