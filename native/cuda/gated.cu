// The gate of a feed-forward layer (GLU variants, Shazeer 2020), act(gate) * up, forward and backward in one pass each.
#include "device.h"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;

// The activation's value and slope.
template <int activation>
__device__ inline void activate(float x, float &value, float &slope) {
    if (activation == AWL_SILU) {
        const float s = 1.f / (1.f + expf(-x));
        value = x * s;
        slope = s * (1.f + x * (1.f - s));
    } else {
        const float square = x * x;
        const float t = tanhf((x * 0.7978845608028654f) * (1.f + 0.044715f * square));
        value = (0.5f * x) * (1.f + t);
        slope = 0.5f * (1.f + t) + (0.5f * x) * (1.f - t * t) * (0.7978845608028654f * (1.f + 0.134145f * square));
    }
}

// Blocks are (row, tile of columns); a tile is threads * n wide.
template <class T, int n, int activation>
__global__ void __launch_bounds__(threads) forward(const T *both, T *out, int64_t width, unsigned tiles) {
    const int64_t row = blockIdx.x / tiles, i = ((int64_t)(blockIdx.x % tiles) * threads + threadIdx.x) * n;
    if (i >= width) return;
    float gate[n], up[n], value, slope;
    load<n>(both + row * 2 * width + i, gate);
    load<n>(both + row * 2 * width + width + i, up);
    for (int j = 0; j < n; j++) {
        activate<activation>(gate[j], value, slope);
        up[j] *= value;
    }
    store<n>(out + row * width + i, up);
}

// No __restrict__: below may be both. A thread reads its elements before it writes them.
template <class T, int n, int activation>
__global__ void __launch_bounds__(threads)
    backward(const T *gradient, const T *both, T *below, int64_t width, unsigned tiles) {
    const int64_t row = blockIdx.x / tiles, i = ((int64_t)(blockIdx.x % tiles) * threads + threadIdx.x) * n;
    if (i >= width) return;
    float gate[n], up[n], d[n], value, slope;
    load<n>(both + row * 2 * width + i, gate);
    load<n>(both + row * 2 * width + width + i, up);
    load<n>(gradient + row * width + i, d);
    for (int j = 0; j < n; j++) {
        activate<activation>(gate[j], value, slope);
        gate[j] = d[j] * up[j] * slope;
        up[j] = d[j] * value;
    }
    store<n>(below + row * 2 * width + i, gate);
    store<n>(below + row * 2 * width + width + i, up);
}

// float32 or bfloat16, and no other.
int32_t dtype_of(const awl_tensor *t) { return !absent(t) && t->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32; }

int32_t check_both(const char *kernel, const awl_tensor *both, int32_t activation) {
    AWL_TRY(check_dense(kernel, "both", both, AWL_CUDA, dtype_of(both), 2, -1, -1));
    if (both->size[1] % 2)
        return fail(AWL_BAD_ARGUMENT, "%s: both: expected gate and up of one width, got %lld columns", kernel,
                    (long long)both->size[1]);
    if (activation != AWL_SILU && activation != AWL_TANH_GELU)
        return fail(AWL_BAD_ARGUMENT, "%s: expected an activation of enum awl_activation, got %d", kernel, activation);
    return AWL_OK;
}

template <class T, int n>
int32_t run(const char *kernel, const awl_tensor *gradient, const awl_tensor *both, awl_tensor *out, int32_t activation,
            cudaStream_t stream) {
    const int64_t rows = both->size[0], width = both->size[1] / 2;
    const int64_t tiles = (width + threads * n - 1) / (threads * n);
    AWL_TRY(check_grid(kernel, rows * tiles));
    const bool silu = activation == AWL_SILU;
    if (gradient)
        launch(silu ? backward<T, n, AWL_SILU> : backward<T, n, AWL_TANH_GELU>, (unsigned)(rows * tiles), threads, 0,
               stream, (const T *)gradient->data, (const T *)both->data, (T *)out->data, width, (unsigned)tiles);
    else
        launch(silu ? forward<T, n, AWL_SILU> : forward<T, n, AWL_TANH_GELU>, (unsigned)(rows * tiles), threads, 0,
               stream, (const T *)both->data, (T *)out->data, width, (unsigned)tiles);
    return launched(kernel);
}

template <class T>
int32_t run(const char *kernel, const awl_tensor *gradient, const awl_tensor *both, awl_tensor *out, int32_t activation,
            cudaStream_t stream) {
    const int64_t width = both->size[1] / 2;
    const bool wide = packs<T>(both->data, width, width) && packs<T>(out->data, width, width) &&
                      (!gradient || packs<T>(gradient->data, width, width));
    return (wide ? run<T, widest<T>> : run<T, 1>)(kernel, gradient, both, out, activation, stream);
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_gated(const awl_tensor *both, awl_tensor *out, int32_t activation, void *stream) {
    static const char kernel[] = "gated";
    awl::clear_error();
    AWL_TRY(awl::check_both(kernel, both, activation));
    const int64_t rows = both->size[0], width = both->size[1] / 2;
    AWL_TRY(awl::check_dense(kernel, "out", out, AWL_CUDA, both->dtype, 2, rows, width));
    if (rows == 0 || width == 0) return AWL_OK;
    return (both->dtype == AWL_BF16 ? awl::run<awl::bf16> : awl::run<float>)(kernel, nullptr, both, out, activation,
                                                                             (cudaStream_t)stream);
}

extern "C" int32_t awl_gated_backward(const awl_tensor *gradient, const awl_tensor *both, awl_tensor *below,
                                      int32_t activation, void *stream) {
    static const char kernel[] = "gated_backward";
    awl::clear_error();
    AWL_TRY(awl::check_both(kernel, both, activation));
    const int64_t rows = both->size[0], width = both->size[1] / 2;
    AWL_TRY(awl::check_dense(kernel, "gradient", gradient, AWL_CUDA, both->dtype, 2, rows, width));
    AWL_TRY(awl::check_dense(kernel, "below", below, AWL_CUDA, both->dtype, 2, rows, 2 * width));
    if (rows == 0 || width == 0) return AWL_OK;
    return (both->dtype == AWL_BF16 ? awl::run<awl::bf16> : awl::run<float>)(kernel, gradient, both, below, activation,
                                                                             (cudaStream_t)stream);
}
