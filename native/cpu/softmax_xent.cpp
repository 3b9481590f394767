// What happens to rows of logits between the GEMMs of the loss head: maximum, sum of exponentials, log-probability of
// the target and, in place, the gradient. A row is read from memory once and written once; the passes in between find
// it in cache.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct XentRow {
    float *logits;
    void *narrow;  // where the gradient goes in bfloat16, perhaps the logits' own memory; null: into the logits
    int64_t classes;
    double soft_cap;  // 0 for none
};

struct XentStatistics {
    double maximum;  // starts at -FLT_MAX
    double sum;      // of exp(z - maximum)
};

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// Sums of 4 * 8 vectors run in float32, those of the blocks in float64: the error of one block is a few ulp, where one
// float32 sum over 49,152 classes is off by 1e-5.
constexpr int64_t block = 32 * lanes;

// Applies the soft-cap in place and returns the largest logit.
static float cap_and_maximum(const XentRow &k) {
    float *z = k.logits;
    const int64_t whole = k.classes - k.classes % lanes;
    const int64_t rest = k.classes - whole;
    const float lowest = -3.402823466e38f;
    f32 most[4] = {all(lowest), all(lowest), all(lowest), all(lowest)};
    if (k.soft_cap > 0) {
        const float cap = (float)k.soft_cap;
        const float inverse = (float)(1.0 / k.soft_cap);
        for (int64_t i = 0; i < whole; i += lanes) {
            f32 v = tanh(load(z + i) * inverse) * cap;
            store(z + i, v);
            most[0] = max(v, most[0]);
        }
        if (rest) store_part(z + whole, rest, tanh(load_part(z + whole, rest, 0) * inverse) * cap);
    } else {
        int64_t i = 0;
        for (; i + 4 * lanes <= whole; i += 4 * lanes) {
            for (int j = 0; j < 4; j++) most[j] = max(load(z + i + j * lanes), most[j]);
        }
        for (; i < whole; i += lanes) most[0] = max(load(z + i), most[0]);
    }
    if (rest) most[1] = max(load_part(z + whole, rest, lowest), most[1]);
    return max(max(max(most[0], most[1]), max(most[2], most[3])));
}

// Sum of exp(z - maximum); with `keep` the exponentials replace the logits. The maximum's own terms, each 1, are counted
// apart: next to a 1, float32 keeps nothing of the 1e-8 that tell a nearly certain prediction from a certain one.
AWL_INLINE f32 term(f32 z, float maximum, f32 &others, f32 &ones) {
    const f32 e = exp(z - maximum);
    const i32 largest = z == all(maximum);
    // e is 1 there, or NaN where the maximum is infinite.
    others += largest ? e - 1.f : e;
    ones += largest ? all(1.f) : f32{};
    return e;
}

template <bool keep>
static double exponentials(const XentRow &k, float maximum) {
    float *z = k.logits;
    const int64_t whole = k.classes - k.classes % lanes;
    const int64_t rest = k.classes - whole;
    double total = 0;
    f32 ones[2] = {};
    int64_t i = 0;
    while (i < whole) {
        const int64_t end = i + block < whole ? i + block : whole;
        f32 sums[4] = {};
        for (; i + 4 * lanes <= end; i += 4 * lanes) {
            for (int j = 0; j < 4; j++) {
                f32 e = term(load(z + i + j * lanes), maximum, sums[j], ones[j & 1]);
                if (keep) store(z + i + j * lanes, e);
            }
        }
        for (; i < end; i += lanes) {
            f32 e = term(load(z + i), maximum, sums[0], ones[0]);
            if (keep) store(z + i, e);
        }
        total += sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
    if (rest) {
        // A fill of minus infinity has an exponential of 0.
        f32 last = {};
        f32 e = term(load_part(z + whole, rest, -__builtin_inff()), maximum, last, ones[1]);
        if (keep) store_part(z + whole, rest, e);
        total += sum(last);
    }
    return total + sum(ones[0]) + sum(ones[1]);
}

// What is narrower than what was read goes before it, so that both may share memory.
template <class T>
static void scale(const XentRow &k, float factor, T *out) {
    float *z = k.logits;
    const int64_t whole = k.classes - k.classes % lanes;
    for (int64_t i = 0; i < whole; i += lanes) store(out + i, load(z + i) * factor);
    for (int64_t i = whole; i < k.classes; i++) narrow(z[i] * factor, out[i]);
}

// w * exp(z - high - low) of z (soft-capped already), times the soft-cap's slope 1 - (z / c)^2.
template <class T>
static void gradient(const XentRow &k, float high, float low, float weight, T *out) {
    float *z = k.logits;
    const int64_t whole = k.classes - k.classes % lanes;
    const int64_t rest = k.classes - whole;
    const float inverse = k.soft_cap > 0 ? (float)(1.0 / k.soft_cap) : 0.f;
    for (int64_t i = 0; i < whole; i += lanes) {
        f32 v = load(z + i);
        f32 t = v * inverse;
        store(out + i, (exp((v - high) - low) * weight) * (1.f - t * t));
    }
    if (rest) {
        f32 v = load_part(z + whole, rest, 0);
        f32 t = v * inverse;
        store_part(out + whole, rest, (exp((v - high) - low) * weight) * (1.f - t * t));
    }
}

void softmax_xent_statistics(const XentRow &k, XentStatistics &s, bool keep) {
    const double before = s.maximum;
    const float here = cap_and_maximum(k);
    s.maximum = here > before ? here : before;
    const double sum = keep ? exponentials<true>(k, (float)s.maximum) : exponentials<false>(k, (float)s.maximum);
    s.sum = (s.sum > 0 ? s.sum * __builtin_exp(before - s.maximum) : s.sum) + sum;
}

void softmax_xent_scale(const XentRow &k, float factor) {
    if (k.narrow != nullptr)
        scale(k, factor, (bf16 *)k.narrow);
    else
        scale(k, factor, k.logits);
}

void softmax_xent_cap(const XentRow &k) {
    if (k.soft_cap > 0) cap_and_maximum(k);
}

// From the soft-capped logits.
void softmax_xent_slope(const XentRow &k, double log_sum_exp, float weight) {
    // In two steps: at large logits the log-sum-exp has digits below float32's, and the first step is exact where it
    // matters, close to the maximum.
    const float high = (float)log_sum_exp;
    const float low = (float)(log_sum_exp - high);
    if (k.narrow != nullptr)
        gradient(k, high, low, weight, (bf16 *)k.narrow);
    else
        gradient(k, high, low, weight, k.logits);
}

void softmax_xent_set(const XentRow &k, int64_t at, float value) {
    if (k.narrow != nullptr)
        narrow(value, ((bf16 *)k.narrow)[at]);
    else
        k.logits[at] = value;
}

}  // namespace awl::AWL_ISA

#else

#include <math.h>

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void softmax_xent_statistics(const XentRow &, XentStatistics &, bool))
AWL_DECLARE(void softmax_xent_scale(const XentRow &, float))
AWL_DECLARE(void softmax_xent_cap(const XentRow &))
AWL_DECLARE(void softmax_xent_slope(const XentRow &, double, float))
AWL_DECLARE(void softmax_xent_set(const XentRow &, int64_t, float))

namespace {

int32_t check_logits(const char *kernel, const awl_tensor *logits, const awl_tensor *target) {
    AWL_TRY(awl::check(kernel, "logits", logits, AWL_CPU, AWL_F32, 2, -1, -1));
    return awl::check_dense(kernel, "target", target, AWL_CPU, AWL_I64, 1, logits->size[0]);
}

int32_t check_gradient(const char *kernel, const awl_tensor *gradient, const awl_tensor *logits) {
    if (awl::absent(gradient)) return AWL_OK;
    return awl::check(kernel, "gradient", gradient, AWL_CPU, AWL_BF16, 2, logits->size[0], logits->size[1]);
}

awl::XentRow row_of(const awl_tensor *logits, const awl_tensor *gradient, int64_t row, double soft_cap) {
    void *narrow = awl::absent(gradient) ? nullptr : (uint16_t *)gradient->data + row * gradient->stride[0];
    return {(float *)logits->data + row * logits->stride[0], narrow, logits->size[1], soft_cap};
}

// Rows a thread should have at least.
int64_t grain(const awl_tensor *logits) { return 1 + 8192 / (logits->size[1] + 1); }

// d z[target] / d logit[target] under the soft-cap, from the capped value.
double slope(double capped, double soft_cap) {
    const double t = soft_cap > 0 ? capped / soft_cap : 0;
    return 1 - t * t;
}

}  // namespace

extern "C" int32_t awl_softmax_xent_rows(awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights,
                                         awl_tensor *gradient, awl_tensor *log_prob, awl_tensor *log_sum_exp,
                                         double soft_cap, void *) {
    static const char kernel[] = "softmax_xent_rows";
    awl::clear_error();
    AWL_TRY(check_logits(kernel, logits, target));
    const int64_t rows = logits->size[0];
    const int64_t classes = logits->size[1];
    const bool differentiate = !awl::absent(weights);
    if (differentiate) AWL_TRY(awl::check_dense(kernel, "weights", weights, AWL_CPU, AWL_F32, 1, rows));
    AWL_TRY(check_gradient(kernel, gradient, logits));
    AWL_TRY(awl::check_dense(kernel, "log_prob", log_prob, AWL_CPU, AWL_F32, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "log_sum_exp", log_sum_exp, AWL_CPU, AWL_F64, 1, rows));
    const int64_t *y = (const int64_t *)target->data;
    for (int64_t row = 0; row < rows; row++) {
        if (y[row] < 0 || y[row] >= classes)
            return awl::fail(AWL_BAD_ARGUMENT, "%s: target: expected classes in [0, %lld), got %lld in row %lld", kernel,
                             (long long)classes, (long long)y[row], (long long)row);
    }
    awl::parallel(rows, grain(logits), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            const awl::XentRow k = row_of(logits, gradient, row, soft_cap);
            const bool keep = differentiate && !(soft_cap > 0);
            float uncapped = k.logits[y[row]];
            awl::XentStatistics s{-3.402823466e38, 0};
            AWL_DISPATCH(softmax_xent_statistics)(k, s, keep);
            const double at_target = keep ? uncapped : k.logits[y[row]];
            const double log_sum = log(s.sum);
            const double log_p = (at_target - s.maximum) - log_sum;
            ((float *)log_prob->data)[row] = (float)log_p;
            ((double *)log_sum_exp->data)[row] = s.maximum + log_sum;
            if (!differentiate) continue;
            const double w = ((const float *)weights->data)[row];
            if (keep)
                AWL_DISPATCH(softmax_xent_scale)(k, (float)(w / s.sum));
            else
                AWL_DISPATCH(softmax_xent_slope)(k, s.maximum + log_sum, (float)w);
            AWL_DISPATCH(softmax_xent_set)(k, y[row], (float)(w * expm1(log_p) * slope(at_target, soft_cap)));
        }
    });
    return AWL_OK;
}

extern "C" int32_t awl_softmax_xent_partial(awl_tensor *logits, const awl_tensor *target, awl_tensor *maximum,
                                            awl_tensor *sum, awl_tensor *target_logit, int64_t first_class,
                                            double soft_cap, void *) {
    static const char kernel[] = "softmax_xent_partial";
    awl::clear_error();
    AWL_TRY(check_logits(kernel, logits, target));
    const int64_t rows = logits->size[0];
    AWL_TRY(awl::check_dense(kernel, "maximum", maximum, AWL_CPU, AWL_F64, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "sum", sum, AWL_CPU, AWL_F64, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "target_logit", target_logit, AWL_CPU, AWL_F64, 1, rows));
    const int64_t *y = (const int64_t *)target->data;
    awl::parallel(rows, grain(logits), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            const awl::XentRow k = row_of(logits, nullptr, row, soft_cap);
            awl::XentStatistics s{((double *)maximum->data)[row], ((double *)sum->data)[row]};
            AWL_DISPATCH(softmax_xent_statistics)(k, s, false);
            ((double *)maximum->data)[row] = s.maximum;
            ((double *)sum->data)[row] = s.sum;
            const int64_t at = y[row] - first_class;
            if (at >= 0 && at < k.classes) ((double *)target_logit->data)[row] = k.logits[at];
        }
    });
    return AWL_OK;
}

extern "C" int32_t awl_softmax_xent_gradient(awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights,
                                             awl_tensor *gradient, const awl_tensor *log_prob,
                                             const awl_tensor *log_sum_exp, int64_t first_class, double soft_cap, void *) {
    static const char kernel[] = "softmax_xent_gradient";
    awl::clear_error();
    AWL_TRY(check_logits(kernel, logits, target));
    const int64_t rows = logits->size[0];
    AWL_TRY(awl::check_dense(kernel, "weights", weights, AWL_CPU, AWL_F32, 1, rows));
    AWL_TRY(check_gradient(kernel, gradient, logits));
    AWL_TRY(awl::check_dense(kernel, "log_prob", log_prob, AWL_CPU, AWL_F32, 1, rows));
    AWL_TRY(awl::check_dense(kernel, "log_sum_exp", log_sum_exp, AWL_CPU, AWL_F64, 1, rows));
    const int64_t *y = (const int64_t *)target->data;
    awl::parallel(rows, grain(logits), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            const awl::XentRow k = row_of(logits, gradient, row, soft_cap);
            AWL_DISPATCH(softmax_xent_cap)(k);
            const int64_t at = y[row] - first_class;
            const bool here = at >= 0 && at < k.classes;
            const double at_target = here ? k.logits[at] : 0;
            const float w = ((const float *)weights->data)[row];
            AWL_DISPATCH(softmax_xent_slope)(k, ((const double *)log_sum_exp->data)[row], w);
            if (here) {
                const double log_p = ((const float *)log_prob->data)[row];
                AWL_DISPATCH(softmax_xent_set)(k, at, (float)(w * expm1(log_p) * slope(at_target, soft_cap)));
            }
        }
    });
    return AWL_OK;
}

#endif
