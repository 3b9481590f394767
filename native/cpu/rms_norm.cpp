// RMSNorm (Zhang and Sennrich 2019), forward and backward, float32 or bfloat16 storage, float32 inside; alone, or of a
// residual sum made in the same pass.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct RmsNorm {
    const void *x, *weight;
    void *y;
    float *inverse_rms;
    const void *branch;  // null where nothing is added to x
    void *sum;
    int64_t width;
    double epsilon;
    float offset;
};

struct RmsNormBackward {
    const void *dy, *x, *weight;
    const float *inverse_rms;
    const void *added;  // to dx; null: nothing
    void *dx;
    int64_t width;
    float offset;
};

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// Stores what is to be normalised where that is a sum: the norm is of the sum as it is stored.
template <class T, bool adds>
AWL_INLINE f32 input(const T *x, const T *branch, T *sum) {
    if (!adds) return load(x);
    const f32 v = rounded(sum, load(x) + load(branch));
    store_rounded(sum, v);
    return v;
}

template <class T, class W, bool adds>
static void forward(const RmsNorm &k, int64_t begin, int64_t end) {
    const int64_t width = k.width;
    const int64_t whole = width - width % lanes;
    const int64_t rest = width - whole;
    const W *weight = (const W *)k.weight;
    for (int64_t row = begin; row < end; row++) {
        const T *x = (const T *)k.x + row * width;
        const T *branch = adds ? (const T *)k.branch + row * width : nullptr;
        T *s = adds ? (T *)k.sum + row * width : nullptr;
        T *y = (T *)k.y + row * width;
        f32 partial[4] = {};
        int64_t i = 0;
        for (; i + 4 * lanes <= whole; i += 4 * lanes) {
            for (int j = 0; j < 4; j++) {
                const int64_t at = i + j * lanes;
                f32 v = input<T, adds>(x + at, branch + at, s + at);
                partial[j] += v * v;
            }
        }
        for (; i < whole; i += lanes) {
            f32 v = input<T, adds>(x + i, branch + i, s + i);
            partial[0] += v * v;
        }
        if (rest) {
            f32 v = load_part(x + whole, rest, 0);
            if (adds) {
                store_part(s + whole, rest, v + load_part(branch + whole, rest, 0));
                v = load_part(s + whole, rest, 0);
            }
            partial[1] += v * v;
        }
        if (adds) x = s;
        double mean = (sum(partial[0]) + sum(partial[1]) + sum(partial[2]) + sum(partial[3])) / (double)width;
        float inverse = (float)(1.0 / __builtin_sqrt(mean + k.epsilon));
        k.inverse_rms[row] = inverse;
        for (i = 0; i < whole; i += lanes) store(y + i, (load(x + i) * inverse) * (load(weight + i) + k.offset));
        if (rest) {
            f32 scale = load_part(weight + whole, rest, 0) + k.offset;
            store_part(y + whole, rest, (load_part(x + whole, rest, 0) * inverse) * scale);
        }
    }
}

// `partial` (width floats) gets this share's sum of dy * x * r; null where no weight gradient is wanted.
template <class T, bool adds>
static void backward(const RmsNormBackward &k, int64_t begin, int64_t end, float *partial) {
    const int64_t width = k.width;
    const int64_t whole = width - width % lanes;
    const int64_t rest = width - whole;
    const T *weight = (const T *)k.weight;
    if (partial) memset(partial, 0, width * sizeof(float));
    for (int64_t row = begin; row < end; row++) {
        const T *dy = (const T *)k.dy + row * width;
        const T *x = (const T *)k.x + row * width;
        const T *added = adds ? (const T *)k.added + row * width : nullptr;
        T *dx = (T *)k.dx + row * width;
        const float inverse = k.inverse_rms[row];
        f32 dots[2] = {};
        int64_t i = 0;
        for (; i + 2 * lanes <= whole; i += 2 * lanes) {
            for (int j = 0; j < 2; j++) {
                const int64_t at = i + j * lanes;
                dots[j] += (load(dy + at) * (load(weight + at) + k.offset)) * load(x + at);
            }
        }
        for (; i < whole; i += lanes) dots[0] += (load(dy + i) * (load(weight + i) + k.offset)) * load(x + i);
        if (rest) {
            f32 scale = load_part(weight + whole, rest, 0) + k.offset;
            dots[1] += (load_part(dy + whole, rest, 0) * scale) * load_part(x + whole, rest, 0);
        }
        // mean_d(g * h) with h = x * r
        const float mean = (float)((sum(dots[0]) + sum(dots[1])) * (double)inverse / (double)width);
        for (i = 0; i < whole; i += lanes) {
            f32 d = load(dy + i);
            f32 h = load(x + i) * inverse;
            if (partial) store(partial + i, load(partial + i) + d * h);
            f32 down = (d * (load(weight + i) + k.offset) - h * mean) * inverse;
            store(dx + i, adds ? down + load(added + i) : down);
        }
        if (rest) {
            f32 d = load_part(dy + whole, rest, 0);
            f32 h = load_part(x + whole, rest, 0) * inverse;
            if (partial) store_part(partial + whole, rest, load_part(partial + whole, rest, 0) + d * h);
            f32 scale = load_part(weight + whole, rest, 0) + k.offset;
            f32 down = (d * scale - h * mean) * inverse;
            store_part(dx + whole, rest, adds ? down + load_part(added + whole, rest, 0) : down);
        }
    }
}

template <class T, class W>
static void forward_rows(const RmsNorm &k, int64_t begin, int64_t end) {
    k.branch ? forward<T, W, true>(k, begin, end) : forward<T, W, false>(k, begin, end);
}

template <class T>
static void backward_rows(const RmsNormBackward &k, int64_t begin, int64_t end, float *partial) {
    k.added ? backward<T, true>(k, begin, end, partial) : backward<T, false>(k, begin, end, partial);
}

void rms_norm_rows(const RmsNorm &k, int32_t dtype, int32_t weight_dtype, int64_t begin, int64_t end) {
    if (dtype == AWL_BF16)
        forward_rows<bf16, bf16>(k, begin, end);
    else if (weight_dtype == AWL_BF16)
        forward_rows<float, bf16>(k, begin, end);
    else
        forward_rows<float, float>(k, begin, end);
}

void rms_norm_backward_rows(const RmsNormBackward &k, int32_t dtype, int64_t begin, int64_t end, float *partial) {
    dtype == AWL_BF16 ? backward_rows<bf16>(k, begin, end, partial) : backward_rows<float>(k, begin, end, partial);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void rms_norm_rows(const RmsNorm &, int32_t, int32_t, int64_t, int64_t))
AWL_DECLARE(void rms_norm_backward_rows(const RmsNormBackward &, int32_t, int64_t, int64_t, float *))

namespace {

// Rows a thread should have at least: below some 16k elements starting it costs more than it saves.
int64_t grain(int64_t width) { return 1 + 16384 / (width + 1); }

void run(const awl::RmsNorm &k, const awl_tensor *x, const awl_tensor *weight) {
    awl::parallel(x->size[0], grain(k.width), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(rms_norm_rows)(k, x->dtype, weight->dtype, begin, end);
    });
}

void run(const awl::RmsNormBackward &k, int32_t dtype, int64_t rows, awl_tensor *weight_gradient, awl_tensor *workspace) {
    const int64_t width = k.width;
    if (awl::absent(weight_gradient)) {
        awl::parallel(rows, grain(width), [&](int64_t begin, int64_t end) {
            AWL_DISPATCH(rms_norm_backward_rows)(k, dtype, begin, end, nullptr);
        });
        return;
    }
    // Blocks depend on the workspace alone, so that the sums do not change with the number of threads.
    const int64_t blocks = workspace->size[0];
    float *partial = (float *)workspace->data;
    awl::parallel(blocks, 1 + grain(width) * blocks / (rows + 1), [&](int64_t first, int64_t last) {
        for (int64_t b = first; b < last; b++) {
            AWL_DISPATCH(rms_norm_backward_rows)
            (k, dtype, rows * b / blocks, rows * (b + 1) / blocks, partial + b * width);
        }
    });
    float *total = (float *)weight_gradient->data;
    awl::parallel(width, 1024, [&](int64_t begin, int64_t end) {
        for (int64_t d = begin; d < end; d++) {
            double sum = 0;
            for (int64_t b = 0; b < blocks; b++) sum += partial[b * width + d];
            total[d] = (float)(total[d] + sum);
        }
    });
}

}  // namespace

extern "C" int32_t awl_rms_norm(const awl_tensor *x, const awl_tensor *weight, awl_tensor *y, awl_tensor *inverse_rms,
                                double epsilon, double offset, void *) {
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm("rms_norm", AWL_CPU, x, weight, y, "y", inverse_rms));
    run({x->data, weight->data, y->data, (float *)inverse_rms->data, nullptr, nullptr, x->size[1], epsilon, (float)offset},
        x, weight);
    return AWL_OK;
}

extern "C" int32_t awl_add_rms_norm(const awl_tensor *x, const awl_tensor *branch, const awl_tensor *weight, awl_tensor *sum,
                                    awl_tensor *y, awl_tensor *inverse_rms, double epsilon, double offset, void *) {
    static const char kernel[] = "add_rms_norm";
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm(kernel, AWL_CPU, x, weight, y, "y", inverse_rms));
    AWL_TRY(awl::check_dense(kernel, "branch", branch, AWL_CPU, x->dtype, 2, x->size[0], x->size[1]));
    AWL_TRY(awl::check_dense(kernel, "sum", sum, AWL_CPU, x->dtype, 2, x->size[0], x->size[1]));
    if (x->size[0] == 0) return AWL_OK;
    run({x->data, weight->data, y->data, (float *)inverse_rms->data, branch->data, sum->data, x->size[1], epsilon,
         (float)offset},
        x, weight);
    return AWL_OK;
}

extern "C" int32_t awl_rms_norm_backward(const awl_tensor *dy, const awl_tensor *x, const awl_tensor *weight,
                                         const awl_tensor *inverse_rms, awl_tensor *dx, awl_tensor *weight_gradient,
                                         awl_tensor *workspace, double offset, void *) {
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm_backward("rms_norm_backward", AWL_CPU, dy, x, weight, inverse_rms, dx, weight_gradient,
                                         workspace));
    run({dy->data, x->data, weight->data, (const float *)inverse_rms->data, nullptr, dx->data, x->size[1], (float)offset},
        x->dtype, x->size[0], weight_gradient, workspace);
    return AWL_OK;
}

extern "C" int32_t awl_add_rms_norm_backward(const awl_tensor *dy, const awl_tensor *sum_gradient, const awl_tensor *sum,
                                             const awl_tensor *weight, const awl_tensor *inverse_rms, awl_tensor *dx,
                                             awl_tensor *weight_gradient, awl_tensor *workspace, double offset, void *) {
    static const char kernel[] = "add_rms_norm_backward";
    awl::clear_error();
    AWL_TRY(awl::check_rms_norm_backward(kernel, AWL_CPU, dy, sum, weight, inverse_rms, dx, weight_gradient, workspace));
    AWL_TRY(awl::check_dense(kernel, "sum_gradient", sum_gradient, AWL_CPU, sum->dtype, 2, sum->size[0], sum->size[1]));
    run({dy->data, sum->data, weight->data, (const float *)inverse_rms->data, sum_gradient->data, dx->data, sum->size[1],
         (float)offset},
        sum->dtype, sum->size[0], weight_gradient, workspace);
    return AWL_OK;
}

#endif
