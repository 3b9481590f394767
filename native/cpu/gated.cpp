// The gate of a feed-forward layer (GLU variants, Shazeer 2020), act(gate) * up, forward and backward in one pass each.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct Gated {
    const void *both;  // gate and up side by side
    const void *gradient;
    void *out;
    int64_t width;
    int32_t activation;
};

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// The activation's value and slope.
template <int activation>
AWL_INLINE void activate(f32 x, f32 &value, f32 &slope) {
    if (activation == AWL_SILU) {
        const f32 s = 1.f / (1.f + exp_clamped(-x));  // 1 + e^-87 is 1
        value = x * s;
        slope = s * (1.f + x * (1.f - s));
    } else {
        const f32 square = x * x;
        const f32 t = tanh((x * 0.7978845608028654f) * (1.f + 0.044715f * square));
        value = (0.5f * x) * (1.f + t);
        slope = 0.5f * (1.f + t) + (0.5f * x) * (1.f - t * t) * (0.7978845608028654f * (1.f + 0.134145f * square));
    }
}

template <class T, int activation>
static void forward(const Gated &k, int64_t begin, int64_t end) {
    const int64_t width = k.width, whole = width - width % lanes, rest = width - whole;
    for (int64_t row = begin; row < end; row++) {
        const T *gate = (const T *)k.both + row * 2 * width;
        const T *up = gate + width;
        T *out = (T *)k.out + row * width;
        f32 value, slope;
        for (int64_t i = 0; i < whole; i += lanes) {
            activate<activation>(load(gate + i), value, slope);
            store(out + i, value * load(up + i));
        }
        if (rest) {
            activate<activation>(load_part(gate + whole, rest, 0), value, slope);
            store_part(out + whole, rest, value * load_part(up + whole, rest, 0));
        }
    }
}

template <class T, int activation>
static void backward(const Gated &k, int64_t begin, int64_t end) {
    const int64_t width = k.width, whole = width - width % lanes, rest = width - whole;
    for (int64_t row = begin; row < end; row++) {
        const T *gate = (const T *)k.both + row * 2 * width;
        const T *up = gate + width;
        const T *gradient = (const T *)k.gradient + row * width;
        T *below = (T *)k.out + row * 2 * width;
        f32 value, slope;
        for (int64_t i = 0; i < whole; i += lanes) {
            const f32 d = load(gradient + i), u = load(up + i);
            activate<activation>(load(gate + i), value, slope);
            store(below + i, d * u * slope);
            store(below + width + i, d * value);
        }
        if (rest) {
            const f32 d = load_part(gradient + whole, rest, 0), u = load_part(up + whole, rest, 0);
            activate<activation>(load_part(gate + whole, rest, 0), value, slope);
            store_part(below + whole, rest, d * u * slope);
            store_part(below + width + whole, rest, d * value);
        }
    }
}

template <class T>
static void rows(const Gated &k, int64_t begin, int64_t end) {
    const bool silu = k.activation == AWL_SILU;
    if (k.gradient)
        silu ? backward<T, AWL_SILU>(k, begin, end) : backward<T, AWL_TANH_GELU>(k, begin, end);
    else
        silu ? forward<T, AWL_SILU>(k, begin, end) : forward<T, AWL_TANH_GELU>(k, begin, end);
}

void gated_rows(const Gated &k, int32_t dtype, int64_t begin, int64_t end) {
    if (dtype == AWL_BF16)
        rows<bf16>(k, begin, end);
    else
        rows<float>(k, begin, end);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void gated_rows(const Gated &, int32_t, int64_t, int64_t))

namespace {

// float32 or bfloat16, and no other.
int32_t dtype_of(const awl_tensor *t) { return !awl::absent(t) && t->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32; }

int32_t check_both(const char *kernel, const awl_tensor *both, int32_t activation) {
    AWL_TRY(awl::check_dense(kernel, "both", both, AWL_CPU, dtype_of(both), 2, -1, -1));
    if (both->size[1] % 2)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: both: expected gate and up of one width, got %lld columns", kernel,
                         (long long)both->size[1]);
    if (activation != AWL_SILU && activation != AWL_TANH_GELU)
        return awl::fail(AWL_BAD_ARGUMENT, "%s: expected an activation of enum awl_activation, got %d", kernel, activation);
    return AWL_OK;
}

void run(const awl::Gated &k, int32_t dtype, int64_t rows) {
    awl::parallel(rows, 1 + 16384 / (k.width + 1), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(gated_rows)(k, dtype, begin, end);
    });
}

}  // namespace

extern "C" int32_t awl_gated(const awl_tensor *both, awl_tensor *out, int32_t activation, void *) {
    static const char kernel[] = "gated";
    awl::clear_error();
    AWL_TRY(check_both(kernel, both, activation));
    const int64_t rows = both->size[0], width = both->size[1] / 2;
    AWL_TRY(awl::check_dense(kernel, "out", out, AWL_CPU, both->dtype, 2, rows, width));
    run({both->data, nullptr, out->data, width, activation}, both->dtype, rows);
    return AWL_OK;
}

extern "C" int32_t awl_gated_backward(const awl_tensor *gradient, const awl_tensor *both, awl_tensor *below,
                                      int32_t activation, void *) {
    static const char kernel[] = "gated_backward";
    awl::clear_error();
    AWL_TRY(check_both(kernel, both, activation));
    const int64_t rows = both->size[0], width = both->size[1] / 2;
    AWL_TRY(awl::check_dense(kernel, "gradient", gradient, AWL_CPU, both->dtype, 2, rows, width));
    AWL_TRY(awl::check_dense(kernel, "below", below, AWL_CPU, both->dtype, 2, rows, 2 * width));
    if (rows > 0 && width > 0) run({both->data, gradient->data, below->data, width, activation}, both->dtype, rows);
    return AWL_OK;
}

#endif
