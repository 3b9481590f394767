// RMSNorm (Zhang and Sennrich 2019), forward and backward, float32 or bfloat16 storage, float32 inside.
//
// One block a row; the row is read twice, the second time from cache, sixteen bytes at a time where it is aligned. The
// weight's gradient is summed in two passes of fixed order (blocks of rows, then the blocks), without atomics.
#include <initializer_list>

#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;
constexpr int columns = 128;

// x, or the sum of x and branch, which is written first and then normed as it was rounded. No __restrict__: y may be x and
// sum x or branch; every thread reads its elements before it writes them.
template <class T, class W, int n>
__global__ void __launch_bounds__(threads)
    forward(const T *x, const T *branch, T *sum, const W *weight, T *y, float *inverse_rms, int64_t width, float epsilon,
            float offset) {
    const int64_t row = blockIdx.x * width;
    const T *normed = branch ? sum : x;
    float squares = 0, v[n], w[n];
    for (int64_t i = threadIdx.x * n; i < width; i += threads * n) {
        load<n>(x + row + i, v);
        if (branch) {
            load<n>(branch + row + i, w);
            for (int j = 0; j < n; j++) v[j] = rounded<T>(v[j] + w[j]);
            store<n>(sum + row + i, v);
        }
        for (int j = 0; j < n; j++) squares += v[j] * v[j];
    }
    const float inverse = 1.f / sqrtf(block_sum<threads>(squares) / (float)width + epsilon);
    if (threadIdx.x == 0) inverse_rms[blockIdx.x] = inverse;
    for (int64_t i = threadIdx.x * n; i < width; i += threads * n) {
        load<n>(normed + row + i, v);
        load<n>(weight + i, w);
        for (int j = 0; j < n; j++) v[j] = v[j] * inverse * (w[j] + offset);
        store<n>(y + row + i, v);
    }
}

// dx may be dy or added, the gradient that joins where there is one.
template <class T, int n>
__global__ void __launch_bounds__(threads)
    input_gradient(const T *dy, const T *added, const T *x, const T *weight, const float *inverse_rms, T *dx,
                   int64_t width, float offset) {
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
        if (added) {
            load<n>(added + row + i, v);
            for (int j = 0; j < n; j++) d[j] += v[j];
        }
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

template <class T, class W>
void run_forward(const awl_tensor *x, const awl_tensor *branch, awl_tensor *sum, const awl_tensor *weight, awl_tensor *y,
                 awl_tensor *inverse_rms, double epsilon, double offset, cudaStream_t stream) {
    const int64_t width = x->size[1];
    bool wide = true;
    for (const awl_tensor *t : {x, branch ? branch : x, branch ? sum : x, (const awl_tensor *)y})
        wide = wide && packs<T>(t->data, width, width);
    wide = wide && packs<W>(weight->data, width, width);
    launch(wide ? forward<T, W, widest<T>> : forward<T, W, 1>, (unsigned)x->size[0], threads, 0, stream, (const T *)x->data,
           branch ? (const T *)branch->data : nullptr, branch ? (T *)sum->data : nullptr, (const W *)weight->data,
           (T *)y->data, (float *)inverse_rms->data, width, (float)epsilon, (float)offset);
}

template <class T>
void run_backward(const awl_tensor *dy, const awl_tensor *added, const awl_tensor *x, const awl_tensor *weight,
                  const awl_tensor *inverse_rms, awl_tensor *dx, awl_tensor *weight_gradient, awl_tensor *workspace,
                  double offset, cudaStream_t stream) {
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
    bool wide = true;
    for (const awl_tensor *t : {dy, added ? added : dy, x, weight, (const awl_tensor *)dx})
        wide = wide && packs<T>(t->data, width, width);
    launch(wide ? input_gradient<T, widest<T>> : input_gradient<T, 1>, (unsigned)rows, threads, 0, stream,
           (const T *)dy->data, added ? (const T *)added->data : nullptr, (const T *)x->data, (const T *)weight->data,
           (const float *)inverse_rms->data, (T *)dx->data, width, (float)offset);
}

// With or without a branch; the other arguments are checked.
int32_t norm(const char *kernel, const awl_tensor *x, const awl_tensor *branch, awl_tensor *sum, const awl_tensor *weight,
             awl_tensor *y, awl_tensor *inverse_rms, double epsilon, double offset, void *stream) {
    AWL_TRY(check_grid(kernel, x->size[0]));
    if (x->size[0] == 0 || x->size[1] == 0) return AWL_OK;
    const auto run = x->dtype == AWL_BF16        ? run_forward<bf16, bf16>
                     : weight->dtype == AWL_BF16 ? run_forward<float, bf16>
                                                 : run_forward<float, float>;
    run(x, branch, sum, weight, y, inverse_rms, epsilon, offset, (cudaStream_t)stream);
    return launched(kernel);
}

int32_t norm_backward(const char *kernel, const awl_tensor *dy, const awl_tensor *added, const awl_tensor *x,
                      const awl_tensor *weight, const awl_tensor *inverse_rms, awl_tensor *dx, awl_tensor *weight_gradient,
                      awl_tensor *workspace, double offset, void *stream) {
    AWL_TRY(check_grid(kernel, x->size[0], absent(weight_gradient) ? 1 : workspace->size[0]));
    if (x->size[0] == 0 || x->size[1] == 0) return AWL_OK;
    (x->dtype == AWL_BF16 ? run_backward<bf16> : run_backward<float>)(dy, added, x, weight, inverse_rms, dx, weight_gradient,
                                                                      workspace, offset, (cudaStream_t)stream);
    return launched(kernel);
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_rms_norm(const awl_tensor *x, const awl_tensor *weight, awl_tensor *y, awl_tensor *inverse_rms,
                                double epsilon, double offset, void *stream) {
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm("rms_norm", AWL_CUDA, x, weight, y, "y", inverse_rms));
    return awl::norm("rms_norm", x, nullptr, nullptr, weight, y, inverse_rms, epsilon, offset, stream);
}

extern "C" int32_t awl_add_rms_norm(const awl_tensor *x, const awl_tensor *branch, const awl_tensor *weight, awl_tensor *sum,
                                    awl_tensor *y, awl_tensor *inverse_rms, double epsilon, double offset, void *stream) {
    static const char kernel[] = "add_rms_norm";
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm(kernel, AWL_CUDA, x, weight, y, "y", inverse_rms));
    AWL_TRY(awl::check_dense(kernel, "branch", branch, AWL_CUDA, x->dtype, 2, x->size[0], x->size[1]));
    AWL_TRY(awl::check_dense(kernel, "sum", sum, AWL_CUDA, x->dtype, 2, x->size[0], x->size[1]));
    return awl::norm(kernel, x, branch, sum, weight, y, inverse_rms, epsilon, offset, stream);
}

extern "C" int32_t awl_rms_norm_backward(const awl_tensor *dy, const awl_tensor *x, const awl_tensor *weight,
                                         const awl_tensor *inverse_rms, awl_tensor *dx, awl_tensor *weight_gradient,
                                         awl_tensor *workspace, double offset, void *stream) {
    static const char kernel[] = "rms_norm_backward";
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm_backward(kernel, AWL_CUDA, dy, x, weight, inverse_rms, dx, weight_gradient, workspace));
    return awl::norm_backward(kernel, dy, nullptr, x, weight, inverse_rms, dx, weight_gradient, workspace, offset, stream);
}

extern "C" int32_t awl_add_rms_norm_backward(const awl_tensor *dy, const awl_tensor *sum_gradient, const awl_tensor *sum,
                                             const awl_tensor *weight, const awl_tensor *inverse_rms, awl_tensor *dx,
                                             awl_tensor *weight_gradient, awl_tensor *workspace, double offset,
                                             void *stream) {
    static const char kernel[] = "add_rms_norm_backward";
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm_backward(kernel, AWL_CUDA, dy, sum, weight, inverse_rms, dx, weight_gradient, workspace));
    AWL_TRY(awl::check_dense(kernel, "sum_gradient", sum_gradient, AWL_CUDA, sum->dtype, 2, sum->size[0], sum->size[1]));
    return awl::norm_backward(kernel, dy, sum_gradient, sum, weight, inverse_rms, dx, weight_gradient, workspace, offset,
                              stream);
}
