// y = x W^T for few rows: the step of decoding, bound by reading W once.
//
// Weights may be stored in bfloat16 and are widened in registers, which is exact and halves the reading. A sequence
// decodes alike alone and in a batch: see linear_tile.h.
#include "awl/kernels.h"
#include "isa.h"
#include "linear_tile.h"

#ifdef AWL_ISA

namespace awl::AWL_ISA {

template <int W>
static void weights(const LinearRows &k, const float *weight, int64_t output) {
    tiles<float, W>(k, weight + output * k.weight_stride, k.weight_stride, output);
}

template <int W>
static void weights(const LinearRows &k, const bf16 *weight, int64_t output) {
    weight += output * k.weight_stride;
    if (k.rows <= tile_x || k.width > most_widened) {
        tiles<bf16, W>(k, weight, k.weight_stride, output);
        return;
    }
    float widened[W * most_widened];
    for (int a = 0; a < W; a++) {
        const bf16 *from = weight + a * k.weight_stride;
        float *to = widened + a * k.width;
        int64_t i = 0;
        for (; i + lanes <= k.width; i += lanes) store(to + i, load(from + i));
        for (; i < k.width; i++) to[i] = widen(from[i]);
    }
    tiles<float, W>(k, widened, k.width, output);
}

template <class T>
static void outputs(const LinearRows &k, const T *weight, int64_t begin, int64_t end) {
    int64_t output = begin;
    if (k.rows == 1) {
        for (; output + tile_weights_of_one <= end; output += tile_weights_of_one)
            tile<T, tile_weights_of_one, 1>(k, weight + output * k.weight_stride, k.weight_stride, output, 0);
    }
    for (; output + tile_weights <= end; output += tile_weights) weights<tile_weights>(k, weight, output);
    for (; output < end; output++) weights<1>(k, weight, output);
}

void linear_rows_outputs(const LinearRows &k, int32_t dtype, int64_t begin, int64_t end) {
    if (dtype == AWL_BF16)
        outputs(k, (const bf16 *)k.weight, begin, end);
    else
        outputs(k, (const float *)k.weight, begin, end);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void linear_rows_outputs(const LinearRows &, int32_t, int64_t, int64_t))

extern "C" int32_t awl_linear_rows(const awl_tensor *x, const awl_tensor *weights, int32_t count, awl_tensor *y, void *) {
    awl::clear_error();
    AWL_TRY(awl::check("linear_rows", "x", x, AWL_CPU, AWL_F32, 2, -1));
    const int64_t rows = x->size[0], width = x->size[1];
    if (weights == nullptr || count < 1 || count > AWL_MOST_WEIGHTS)
        return awl::fail(AWL_BAD_ARGUMENT, "linear_rows: weights: expected 1 to %d matrices, got %d", AWL_MOST_WEIGHTS, count);
    const int32_t dtype = weights->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    int64_t start[AWL_MOST_WEIGHTS + 1] = {0};
    for (int32_t i = 0; i < count; i++) {
        AWL_TRY(awl::check("linear_rows", "weight", weights + i, AWL_CPU, dtype, 2, -1, width));
        start[i + 1] = start[i] + weights[i].size[0];
    }
    AWL_TRY(awl::check("linear_rows", "y", y, AWL_CPU, AWL_F32, 2, rows, start[count]));
    if (rows == 0) return AWL_OK;
    // Pieces of about 128 KiB, of whole tiles.
    const int64_t piece = 24 * (1 + 1365 / (width + 1));
    awl::parallel_ahead(start[count], 1 + 32768 / (width + 1), piece, [&](int64_t begin, int64_t end) {
        awl::each_matrix(count, start, begin, end, [&](int32_t i, int64_t from, int64_t to) {
            const awl::LinearRows k{(const float *)x->data, weights[i].data,      (float *)y->data + start[i], rows, width,
                                    x->stride[0],           weights[i].stride[0], y->stride[0]};
            AWL_DISPATCH(linear_rows_outputs)(k, dtype, from, to);
        });
    });
    return AWL_OK;
}

#endif
