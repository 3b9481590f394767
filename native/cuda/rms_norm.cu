// RMSNorm (Zhang and Sennrich 2019), forward and backward, float32 or bfloat16 storage, float32 inside.
//
// One block a row; the row is read twice, the second time from cache, sixteen bytes at a time where it is aligned. The
// weight's gradient is summed in two passes of fixed order (blocks of rows, then the blocks), without atomics.
#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;
constexpr int columns = 128;

// No __restrict__: y may be x, dx may be dy. Every thread reads its elements before it writes them.
template <class T, int n>
__global__ void __launch_bounds__(threads)
    forward(const T *x, const T *weight, T *y, float *inverse_rms, int64_t width, float epsilon, float offset) {
    x += blockIdx.x * width;
    y += blockIdx.x * width;
    float squares = 0, v[n], w[n];
    for (int64_t i = threadIdx.x * n; i < width; i += threads * n) {
        load<n>(x + i, v);
        for (int j = 0; j < n; j++) squares += v[j] * v[j];
    }
    const float inverse = 1.f / sqrtf(block_sum<threads>(squares) / (float)width + epsilon);
    if (threadIdx.x == 0) inverse_rms[blockIdx.x] = inverse;
    for (int64_t i = threadIdx.x * n; i < width; i += threads * n) {
        load<n>(x + i, v);
        load<n>(weight + i, w);
        for (int j = 0; j < n; j++) v[j] = v[j] * inverse * (w[j] + offset);
        store<n>(y + i, v);
    }
}

template <class T, int n>
__global__ void __launch_bounds__(threads)
    input_gradient(const T *dy, const T *x, const T *weight, const float *inverse_rms, T *dx, int64_t width,
                   float offset) {
    const int64_t row = blockIdx.x * width;
    const float inverse = inverse_rms[blockIdx.x];
    float dot = 0, d[n], v[n], w[n];
    for (int64_t i = threadIdx.x * n; i < width; i += threads * n) {
        load<n>(dy + row + i, d);
        load<n>(x + row + i, v);
        load<n>(weight + i, w);
        for (int j = 0; j < n; j++) dot += d[j] * (w[j] + offset) * v[j];
    }
    const float mean = block_sum<threads>(dot) * inverse / (float)width;
    for (int64_t i = threadIdx.x * n; i < width; i += threads * n) {
        load<n>(dy + row + i, d);
        load<n>(x + row + i, v);
        load<n>(weight + i, w);
        for (int j = 0; j < n; j++) d[j] = (d[j] * (w[j] + offset) - v[j] * inverse * mean) * inverse;
        store<n>(dx + row + i, d);
    }
}

// partial[b, d]: sum over the rows of block b, in order.
template <class T>
__global__ void __launch_bounds__(columns)
    partial_sums(const T *dy, const T *x, const float *inverse_rms, float *partial, int64_t rows, int64_t width,
                 int64_t blocks) {
    const int64_t d = (int64_t)blockIdx.x * columns + threadIdx.x;
    if (d >= width) return;
    const int64_t b = blockIdx.y;
    float sum = 0;
    for (int64_t row = rows * b / blocks; row < rows * (b + 1) / blocks; row++)
        sum += widen(dy[row * width + d]) * (widen(x[row * width + d]) * inverse_rms[row]);
    partial[b * width + d] = sum;
}

__global__ void __launch_bounds__(columns)
    add_partial_sums(const float *partial, float *total, int64_t width, int64_t blocks) {
    const int64_t d = (int64_t)blockIdx.x * columns + threadIdx.x;
    if (d >= width) return;
    double sum = 0;
    for (int64_t b = 0; b < blocks; b++) sum += partial[b * width + d];
    total[d] = (float)(total[d] + sum);
}

template <class T>
void run_forward(const awl_tensor *x, const awl_tensor *weight, awl_tensor *y, awl_tensor *inverse_rms, double epsilon,
                 double offset, cudaStream_t stream) {
    const int64_t width = x->size[1];
    const bool wide = packs<T>(x->data, width, width) && packs<T>(weight->data, width, width) &&
                      packs<T>(y->data, width, width);
    launch(wide ? forward<T, widest<T>> : forward<T, 1>, (unsigned)x->size[0], threads, 0, stream, (const T *)x->data,
           (const T *)weight->data, (T *)y->data, (float *)inverse_rms->data, width, (float)epsilon, (float)offset);
}

template <class T>
void run_backward(const awl_tensor *dy, const awl_tensor *x, const awl_tensor *weight, const awl_tensor *inverse_rms,
                  awl_tensor *dx, awl_tensor *weight_gradient, awl_tensor *workspace, double offset,
                  cudaStream_t stream) {
    const int64_t rows = x->size[0], width = x->size[1];
    if (!absent(weight_gradient)) {
        // Before dx is written, because that may be dy's memory.
        const int64_t blocks = workspace->size[0];
        const unsigned tiles = (unsigned)((width + columns - 1) / columns);
        launch(partial_sums<T>, dim3(tiles, (unsigned)blocks), columns, 0, stream, (const T *)dy->data,
               (const T *)x->data, (const float *)inverse_rms->data, (float *)workspace->data, rows, width, blocks);
        launch(add_partial_sums, tiles, columns, 0, stream, (const float *)workspace->data,
               (float *)weight_gradient->data, width, blocks);
    }
    const bool wide = packs<T>(dy->data, width, width) && packs<T>(x->data, width, width) &&
                      packs<T>(weight->data, width, width) && packs<T>(dx->data, width, width);
    launch(wide ? input_gradient<T, widest<T>> : input_gradient<T, 1>, (unsigned)rows, threads, 0, stream,
           (const T *)dy->data, (const T *)x->data, (const T *)weight->data, (const float *)inverse_rms->data,
           (T *)dx->data, width, (float)offset);
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_rms_norm(const awl_tensor *x, const awl_tensor *weight, awl_tensor *y, awl_tensor *inverse_rms,
                                double epsilon, double offset, void *stream) {
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm("rms_norm", AWL_CUDA, x, weight, y, "y", inverse_rms));
    AWL_TRY(awl::check_grid("rms_norm", x->size[0]));
    if (x->size[0] == 0 || x->size[1] == 0) return AWL_OK;
    (x->dtype == AWL_BF16 ? awl::run_forward<awl::bf16> : awl::run_forward<float>)(x, weight, y, inverse_rms, epsilon,
                                                                                  offset, (cudaStream_t)stream);
    return awl::launched("rms_norm");
}

extern "C" int32_t awl_rms_norm_backward(const awl_tensor *dy, const awl_tensor *x, const awl_tensor *weight,
                                         const awl_tensor *inverse_rms, awl_tensor *dx, awl_tensor *weight_gradient,
                                         awl_tensor *workspace, double offset, void *stream) {
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm_backward("rms_norm_backward", AWL_CUDA, dy, x, weight, inverse_rms, dx, weight_gradient,
                                         workspace));
    AWL_TRY(awl::check_grid("rms_norm_backward", x->size[0], awl::absent(weight_gradient) ? 1 : workspace->size[0]));
    if (x->size[0] == 0 || x->size[1] == 0) return AWL_OK;
    (x->dtype == AWL_BF16 ? awl::run_backward<awl::bf16> : awl::run_backward<float>)(
        dy, x, weight, inverse_rms, dx, weight_gradient, workspace, offset, (cudaStream_t)stream);
    return awl::launched("rms_norm_backward");
}
