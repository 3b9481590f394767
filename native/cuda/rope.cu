// Rotary position embedding (Su et al. 2021) of heads where they lie, and back: one pass over what is rotated.
#include "device.h"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;

struct Rope {
    const float *cosine, *sine;
    int64_t rotated, token_stride, head_stride;
    unsigned heads, packs, tiles;  // packs of a half head; tiles of threads over a token's packs
    float sign;                    // -1 turns back
};

// Blocks are (token, tile); a thread has n pairs of one head.
template <class T, int n>
__global__ void __launch_bounds__(threads) rotate(T *x, Rope k) {
    const int64_t token = blockIdx.x / k.tiles;
    const unsigned at = blockIdx.x % k.tiles * threads + threadIdx.x;
    if (at >= k.heads * k.packs) return;
    const int64_t half = k.rotated / 2, i = (int64_t)(at % k.packs) * n;
    T *first = x + token * k.token_stride + at / k.packs * k.head_stride + i;
    const float *cosine = k.cosine + token * k.rotated + i, *sine = k.sine + token * k.rotated + i;
    float a[n], b[n], c[n], s[n], turned[n];
    load<n>(first, a);
    load<n>(first + half, b);
    load<n>(cosine, c);
    load<n>(sine, s);
    for (int j = 0; j < n; j++) turned[j] = a[j] * c[j] + k.sign * b[j] * s[j];
    store<n>(first, turned);
    load<n>(cosine + half, c);
    load<n>(sine + half, s);
    for (int j = 0; j < n; j++) turned[j] = b[j] * c[j] + k.sign * a[j] * s[j];
    store<n>(first + half, turned);
}

template <class T>
int32_t run(awl_tensor *x, const awl_tensor *cosine, const awl_tensor *sine, double sign, cudaStream_t stream) {
    constexpr int four = 4;
    const int64_t tokens = x->size[0], heads = x->size[1], rotated = cosine->size[1], half = rotated / 2;
    const bool wide = packs<T>(x->data, x->stride[0], x->stride[1]) && packs<float>(cosine->data, half, rotated) &&
                      packs<float>(sine->data, half, rotated);
    const int64_t pieces = wide ? half / four : half, tiles = (heads * pieces + threads - 1) / threads;
    AWL_TRY(check_grid("rope", tokens * tiles));
    AWL_TRY(check_grid("rope", heads * pieces));
    const Rope k{(const float *)cosine->data, (const float *)sine->data, rotated,         x->stride[0], x->stride[1],
                 (unsigned)heads,             (unsigned)pieces,          (unsigned)tiles, (float)sign};
    launch(wide ? rotate<T, four> : rotate<T, 1>, (unsigned)(tokens * tiles), threads, 0, stream, (T *)x->data, k);
    return launched("rope");
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_rope(awl_tensor *x, const awl_tensor *cosine, const awl_tensor *sine, double sign, void *stream) {
    static const char kernel[] = "rope";
    awl::clear_error();
    const int32_t dtype = !awl::absent(x) && x->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(awl::check(kernel, "x", x, AWL_CUDA, dtype, 3, -1));
    AWL_TRY(awl::check_dense(kernel, "cosine", cosine, AWL_CUDA, AWL_F32, 2, x->size[0], -1));
    AWL_TRY(awl::check_dense(kernel, "sine", sine, AWL_CUDA, AWL_F32, 2, x->size[0], cosine->size[1]));
    const int64_t rotated = cosine->size[1];
    if (rotated % 2 || rotated > x->size[2])
        return awl::fail(AWL_BAD_ARGUMENT, "rope: cosine: expected an even number of columns, at most %lld, got %lld",
                         (long long)x->size[2], (long long)rotated);
    if (sign != 1 && sign != -1) return awl::fail(AWL_BAD_ARGUMENT, "rope: sign: expected 1 or -1, got %g", sign);
    if (x->size[0] == 0 || x->size[1] == 0 || rotated == 0) return AWL_OK;
    return (dtype == AWL_BF16 ? awl::run<awl::bf16> : awl::run<float>)(x, cosine, sine, sign, (cudaStream_t)stream);
}
