// What happens to rows of logits between the GEMMs of the loss head. One block a row, which reads the row once for
// maximum and sum together and once more for the gradient: two reads and one write, the second read partly from L2.
//
// Logits float32 or bfloat16. A thread's sums are float64 over packs of float32; its largest terms are counted apart,
// for next to a 1, float32 keeps nothing of the 1e-8 that tell a nearly certain prediction from a certain one.
#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 512;
constexpr float lowest = -3.402823466e38f;

// sum of exp(z - maximum)
struct Statistics {
    double maximum, sum;
};

__device__ inline Statistics join(Statistics a, Statistics b) {
    const double most = a.maximum > b.maximum ? a.maximum : b.maximum;
    // An empty side may have any maximum; 0 * exp(infinity) is no number.
    const double left = a.sum != 0 ? a.sum * exp(a.maximum - most) : 0;
    const double right = b.sum != 0 ? b.sum * exp(b.maximum - most) : 0;
    return {most, left + right};
}

__device__ inline float capped(float z, float cap) { return cap > 0 ? tanhf(z / cap) * cap : z; }

// Of one thread's share of the row.
template <class T, int n>
__device__ Statistics share(const T *z, int64_t classes, float cap) {
    float most = lowest, v[n];
    double others = 0, ones = 0;
    for (int64_t i = threadIdx.x * n; i < classes; i += threads * n) {
        load<n>(z + i, v);
        float here = lowest;
        for (int j = 0; j < n; j++) {
            v[j] = capped(v[j], cap);
            here = v[j] > here ? v[j] : here;
        }
        if (here > most) {
            others = (others + ones) * exp((double)most - here);
            ones = 0;
            most = here;
        }
        float part = 0;
        int largest = 0;
        for (int j = 0; j < n; j++) {
            const float e = expf(v[j] - most);
            // The largest's is 1, or NaN where the maximum is infinite.
            part += v[j] == most ? e - 1.f : e;
            largest += v[j] == most;
        }
        others += part;
        ones += largest;
    }
    return {most, others + ones};
}

template <class T, int n>
__device__ Statistics of_row(const T *z, int64_t classes, float cap) {
    const Statistics mine = share<T, n>(z, classes, cap);
    const double most = block_max<threads>(mine.maximum);
    return {most, block_sum<threads>(mine.sum != 0 ? mine.sum * exp(mine.maximum - most) : 0)};
}

// z becomes w * exp(z - log_sum_exp) and, under a soft-cap, times its slope; in two steps, because at large logits the
// log-sum-exp has digits below float32's, and the first step is exact where it matters, close to the maximum. A gradient
// narrower than the logits may lie in their memory: what a round writes, no later round reads, and the round has been read.
template <class T, class O, int n>
__device__ void gradient(const T *z, O *out, int64_t classes, double log_sum_exp, float weight, float cap) {
    const float high = (float)log_sum_exp, low = (float)(log_sum_exp - high);
    float v[n];
    for (int64_t first = 0; first < classes; first += threads * n) {
        const int64_t i = first + threadIdx.x * n;
        if (i < classes) load<n>(z + i, v);
        if (sizeof(O) < sizeof(T)) __syncthreads();
        if (i >= classes) continue;
        for (int j = 0; j < n; j++) {
            const float c = capped(v[j], cap);
            const float t = cap > 0 ? c / cap : 0;
            v[j] = expf((c - high) - low) * weight * (1.f - t * t);
        }
        store<n>(out + i, v);
    }
}

// The true class's gradient, w * (p - 1) without cancellation.
__device__ inline float of_target(double weight, double log_prob, double logit, double cap) {
    const double t = cap > 0 ? logit / cap : 0;
    return (float)(weight * expm1(log_prob) * (1 - t * t));
}

template <class T, class O, int n>
__global__ void __launch_bounds__(threads)
    rows(const T *logits, int64_t pitch, int64_t classes, const int64_t *target, const float *weights, O *out,
         int64_t out_pitch, float *log_prob, double *log_sum_exp, double cap) {
    const int64_t row = blockIdx.x, y = target[row];
    const T *z = logits + row * pitch;
    O *g = out + row * out_pitch;
    const bool known = y >= 0 && y < classes;
    // Read before the row is written.
    const double at_target = known ? capped(widen(z[y]), (float)cap) : (double)NAN;
    const Statistics s = of_row<T, n>(z, classes, (float)cap);
    const double log_sum = log(s.sum), log_p = (at_target - s.maximum) - log_sum;
    if (threadIdx.x == 0) {
        log_prob[row] = (float)log_p;
        log_sum_exp[row] = s.maximum + log_sum;
    }
    if (weights == nullptr) return;
    const float weight = known ? weights[row] : NAN;
    gradient<T, O, n>(z, g, classes, s.maximum + log_sum, weight, (float)cap);
    __syncthreads();
    if (threadIdx.x == 0 && known) narrow(of_target(weight, log_p, at_target, cap), g[y]);
}

template <class T, int n>
__global__ void __launch_bounds__(threads)
    partial(const T *logits, int64_t pitch, int64_t classes, const int64_t *target, double *maximum, double *sum,
            double *target_logit, int64_t first_class, double cap) {
    const int64_t row = blockIdx.x, at = target[row] - first_class;
    const T *z = logits + row * pitch;
    const Statistics s = of_row<T, n>(z, classes, (float)cap);
    if (threadIdx.x != 0) return;
    const Statistics all = join({maximum[row], sum[row]}, s);
    maximum[row] = all.maximum;
    sum[row] = all.sum;
    if (at >= 0 && at < classes) target_logit[row] = capped(widen(z[at]), (float)cap);
}

template <class T, class O, int n>
__global__ void __launch_bounds__(threads)
    from_statistics(const T *logits, int64_t pitch, int64_t classes, const int64_t *target, const float *weights, O *out,
                    int64_t out_pitch, const float *log_prob, const double *log_sum_exp, int64_t first_class, double cap) {
    const int64_t row = blockIdx.x, at = target[row] - first_class;
    const T *z = logits + row * pitch;
    O *g = out + row * out_pitch;
    const bool here = at >= 0 && at < classes;
    const float at_target = here ? capped(widen(z[at]), (float)cap) : 0, weight = weights[row];
    __syncthreads();
    gradient<T, O, n>(z, g, classes, log_sum_exp[row], weight, (float)cap);
    __syncthreads();
    if (threadIdx.x == 0 && here) narrow(of_target(weight, log_prob[row], at_target, cap), g[at]);
}

int32_t check_logits(const char *kernel, const awl_tensor *logits, const awl_tensor *target) {
    const bool half = !absent(logits) && logits->dtype == AWL_BF16;
    AWL_TRY(check(kernel, "logits", logits, AWL_CUDA, half ? AWL_BF16 : AWL_F32, 2, -1, -1));
    AWL_TRY(check_grid(kernel, logits->size[0]));
    return check_dense(kernel, "target", target, AWL_CUDA, AWL_I64, 1, logits->size[0]);
}

template <class T>
bool wide(const awl_tensor *logits) {
    return packs<T>(logits->data, logits->size[1], logits->size[0] > 1 ? logits->stride[0] : 0);
}

int32_t check_gradient(const char *kernel, const awl_tensor *gradient, const awl_tensor *logits) {
    if (absent(gradient)) return AWL_OK;
    if (logits->dtype != AWL_F32) return fail(AWL_BAD_ARGUMENT, "%s: gradient: expected none beside bfloat16 logits", kernel);
    return check(kernel, "gradient", gradient, AWL_CUDA, AWL_BF16, 2, logits->size[0], logits->size[1]);
}

// Whether as many numbers as are read at once can be written at once.
bool wide_gradient(const awl_tensor *gradient) {
    return (uintptr_t)gradient->data % (widest<float> * sizeof(bf16)) == 0 &&
           (gradient->size[0] <= 1 || gradient->stride[0] % widest<float> == 0);
}

template <class T, class O>
void run_rows(const awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights, const awl_tensor *out, bool whole,
              awl_tensor *log_prob, awl_tensor *log_sum_exp, double cap, cudaStream_t stream) {
    launch(whole ? rows<T, O, widest<T>> : rows<T, O, 1>, (unsigned)logits->size[0], threads, 0, stream,
           (const T *)logits->data, logits->stride[0], logits->size[1], (const int64_t *)target->data,
           absent(weights) ? nullptr : (const float *)weights->data, (O *)out->data, out->stride[0],
           (float *)log_prob->data, (double *)log_sum_exp->data, cap);
}

template <class T>
void run_partial(const awl_tensor *logits, const awl_tensor *target, awl_tensor *maximum, awl_tensor *sum,
                 awl_tensor *target_logit, int64_t first_class, double cap, cudaStream_t stream) {
    launch(wide<T>(logits) ? partial<T, widest<T>> : partial<T, 1>, (unsigned)logits->size[0], threads, 0, stream,
           (const T *)logits->data, logits->stride[0], logits->size[1], (const int64_t *)target->data,
           (double *)maximum->data, (double *)sum->data, (double *)target_logit->data, first_class, cap);
}

template <class T, class O>
void run_gradient(const awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights, const awl_tensor *out,
                  bool whole, const awl_tensor *log_prob, const awl_tensor *log_sum_exp, int64_t first_class, double cap,
                  cudaStream_t stream) {
    launch(whole ? from_statistics<T, O, widest<T>> : from_statistics<T, O, 1>, (unsigned)logits->size[0], threads, 0,
           stream, (const T *)logits->data, logits->stride[0], logits->size[1], (const int64_t *)target->data,
           (const float *)weights->data, (O *)out->data, out->stride[0], (const float *)log_prob->data,
           (const double *)log_sum_exp->data, first_class, cap);
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_softmax_xent_rows(awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights,
                                         awl_tensor *gradient, awl_tensor *log_prob, awl_tensor *log_sum_exp,
                                         double soft_cap, void *stream) {
    static const char kernel[] = "softmax_xent_rows";
    awl::clear_error();
    AWL_TRY(awl::check_logits(kernel, logits, target));
    const int64_t rows = logits->size[0];
    if (!awl::absent(weights)) AWL_TRY(awl::check_dense(kernel, "weights", weights, AWL_CUDA, AWL_F32, 1, rows));
    AWL_TRY(awl::check_gradient(kernel, gradient, logits));
    AWL_TRY(awl::check_dense(kernel, "log_prob", log_prob, AWL_CUDA, AWL_F32, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "log_sum_exp", log_sum_exp, AWL_CUDA, AWL_F64, 1, rows));
    if (rows == 0) return AWL_OK;
    if (logits->dtype == AWL_BF16)
        awl::run_rows<awl::bf16, awl::bf16>(logits, target, weights, logits, awl::wide<awl::bf16>(logits), log_prob,
                                            log_sum_exp, soft_cap, (cudaStream_t)stream);
    else if (awl::absent(gradient))
        awl::run_rows<float, float>(logits, target, weights, logits, awl::wide<float>(logits), log_prob, log_sum_exp,
                                    soft_cap, (cudaStream_t)stream);
    else
        awl::run_rows<float, awl::bf16>(logits, target, weights, gradient,
                                        awl::wide<float>(logits) && awl::wide_gradient(gradient), log_prob, log_sum_exp,
                                        soft_cap, (cudaStream_t)stream);
    return awl::launched(kernel);
}

extern "C" int32_t awl_softmax_xent_partial(awl_tensor *logits, const awl_tensor *target, awl_tensor *maximum,
                                            awl_tensor *sum, awl_tensor *target_logit, int64_t first_class,
                                            double soft_cap, void *stream) {
    static const char kernel[] = "softmax_xent_partial";
    awl::clear_error();
    AWL_TRY(awl::check_logits(kernel, logits, target));
    const int64_t rows = logits->size[0];
    AWL_TRY(awl::check_dense(kernel, "maximum", maximum, AWL_CUDA, AWL_F64, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "sum", sum, AWL_CUDA, AWL_F64, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "target_logit", target_logit, AWL_CUDA, AWL_F64, 1, rows));
    if (rows == 0) return AWL_OK;
    (logits->dtype == AWL_BF16 ? awl::run_partial<awl::bf16> : awl::run_partial<float>)(
        logits, target, maximum, sum, target_logit, first_class, soft_cap, (cudaStream_t)stream);
    return awl::launched(kernel);
}

extern "C" int32_t awl_softmax_xent_gradient(awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights,
                                             awl_tensor *gradient, const awl_tensor *log_prob,
                                             const awl_tensor *log_sum_exp, int64_t first_class, double soft_cap,
                                             void *stream) {
    static const char kernel[] = "softmax_xent_gradient";
    awl::clear_error();
    AWL_TRY(awl::check_logits(kernel, logits, target));
    const int64_t rows = logits->size[0];
    AWL_TRY(awl::check_dense(kernel, "weights", weights, AWL_CUDA, AWL_F32, 1, rows));
    AWL_TRY(awl::check_gradient(kernel, gradient, logits));
    AWL_TRY(awl::check_dense(kernel, "log_prob", log_prob, AWL_CUDA, AWL_F32, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "log_sum_exp", log_sum_exp, AWL_CUDA, AWL_F64, 1, rows));
    if (rows == 0) return AWL_OK;
    if (logits->dtype == AWL_BF16)
        awl::run_gradient<awl::bf16, awl::bf16>(logits, target, weights, logits, awl::wide<awl::bf16>(logits), log_prob,
                                                log_sum_exp, first_class, soft_cap, (cudaStream_t)stream);
    else if (awl::absent(gradient))
        awl::run_gradient<float, float>(logits, target, weights, logits, awl::wide<float>(logits), log_prob, log_sum_exp,
                                        first_class, soft_cap, (cudaStream_t)stream);
    else
        awl::run_gradient<float, awl::bf16>(logits, target, weights, gradient,
                                            awl::wide<float>(logits) && awl::wide_gradient(gradient), log_prob,
                                            log_sum_exp, first_class, soft_cap, (cudaStream_t)stream);
    return awl::launched(kernel);
}
