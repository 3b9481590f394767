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

// The activation's value and slope, of N vectors.
template <int activation, int N>
AWL_INLINE void activate(const f32 (&x)[N], f32 (&value)[N], f32 (&slope)[N]) {
    if (activation == AWL_SILU) {
        f32 below[N], s[N];
        for (int j = 0; j < N; j++) below[j] = -x[j];
        exp_clamped(below, s);
        for (int j = 0; j < N; j++) s[j] = reciprocal(1.f + s[j]);  // 1 + e^-87 is 1
        for (int j = 0; j < N; j++) value[j] = x[j] * s[j];
        for (int j = 0; j < N; j++) slope[j] = s[j] * (1.f + x[j] * (1.f - s[j]));
    } else {
        for (int j = 0; j < N; j++) {
            const f32 square = x[j] * x[j];
            const f32 t = tanh((x[j] * 0.7978845608028654f) * (1.f + 0.044715f * square));
            value[j] = (0.5f * x[j]) * (1.f + t);
            slope[j] = 0.5f * (1.f + t) + (0.5f * x[j]) * (1.f - t * t) * (0.7978845608028654f * (1.f + 0.134145f * square));
        }
    }
}

template <int activation, int N, class T>
AWL_INLINE void gate(const T *gate, const T *up, T *out) {
    f32 x[N], value[N], slope[N];
    for (int j = 0; j < N; j++) x[j] = load(gate + j * lanes);
    activate<activation>(x, value, slope);
    for (int j = 0; j < N; j++) store(out + j * lanes, value[j] * load(up + j * lanes));
}

template <int activation, int N, class T>
AWL_INLINE void gate_backward(const T *gradient, const T *gate, const T *up, T *below, int64_t width) {
    f32 x[N], value[N], slope[N];
    for (int j = 0; j < N; j++) x[j] = load(gate + j * lanes);
    activate<activation>(x, value, slope);
    for (int j = 0; j < N; j++) {
        const f32 d = load(gradient + j * lanes);
        store(below + j * lanes, d * load(up + j * lanes) * slope[j]);
        store(below + width + j * lanes, d * value[j]);
    }
}

// Vectors taken together.
constexpr int ways = 4;

template <class T, int activation>
static void forward(const Gated &k, int64_t begin, int64_t end) {
    const int64_t width = k.width, whole = width - width % lanes, rest = width - whole;
    for (int64_t row = begin; row < end; row++) {
        const T *x = (const T *)k.both + row * 2 * width;
        const T *up = x + width;
        T *out = (T *)k.out + row * width;
        int64_t i = 0;
        for (; i + ways * lanes <= whole; i += ways * lanes) gate<activation, ways>(x + i, up + i, out + i);
        for (; i < whole; i += lanes) gate<activation, 1>(x + i, up + i, out + i);
        if (rest) {
            f32 last[1] = {load_part(x + whole, rest, 0)}, value[1], slope[1];
            activate<activation>(last, value, slope);
            store_part(out + whole, rest, value[0] * load_part(up + whole, rest, 0));
        }
    }
}

template <class T, int activation>
static void backward(const Gated &k, int64_t begin, int64_t end) {
    const int64_t width = k.width, whole = width - width % lanes, rest = width - whole;
    for (int64_t row = begin; row < end; row++) {
        const T *x = (const T *)k.both + row * 2 * width;
        const T *up = x + width;
        const T *gradient = (const T *)k.gradient + row * width;
        T *below = (T *)k.out + row * 2 * width;
        int64_t i = 0;
        for (; i + ways * lanes <= whole; i += ways * lanes)
            gate_backward<activation, ways>(gradient + i, x + i, up + i, below + i, width);
        for (; i < whole; i += lanes) gate_backward<activation, 1>(gradient + i, x + i, up + i, below + i, width);
        if (rest) {
            const f32 d = load_part(gradient + whole, rest, 0), u = load_part(up + whole, rest, 0);
            f32 last[1] = {load_part(x + whole, rest, 0)}, value[1], slope[1];
            activate<activation>(last, value, slope);
            store_part(below + whole, rest, d * u * slope[0]);
            store_part(below + width + whole, rest, d * value[0]);
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
