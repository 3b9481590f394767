// y = x W^T for few rows with W in GGUF's blocks: decoding reads a quarter to an eighth of what float32 would take.
//
// Values are decoded in registers, exactly, and multiplied and summed as linear_rows does it with the decoded matrix: the
// two give the same bits. Several rows of x share what is decoded once, in the first cache.
#include "awl/kernels.h"
#include "blocks.h"
#include "isa.h"
#include "linear_tile.h"

#ifdef AWL_ISA

namespace awl::AWL_ISA {

// Weight rows decoded side by side under one row of x: their sums hide each other's latency.
constexpr int block_weights = 4;

template <int32_t Format, int W, int X>
static void block_tile(const LinearRows &k, const uint8_t *const *from, int64_t output, int64_t row, int64_t ahead) {
    const float *x = k.x + row * k.x_stride;
    f32 sums[W][X] = {};
    for (int64_t c = 0; c < k.width / chunk; c++) {
        for (int a = 0; a < W; a++) {
            f32 w[chunk_vectors];
            decode<Format>(from[a], c, w);
            for (int b = 0; b < X; b++)
                for (int v = 0; v < chunk_vectors; v++)
                    sums[a][b] += w[v] * load(x + b * k.x_stride + c * chunk + v * lanes);
        }
        // The rows behind these, while there is arithmetic to do.
        __builtin_prefetch(from[W - 1] + ahead + c * 64);
    }
    for (int b = 0; b < X; b++)
        for (int a = 0; a < W; a++) k.y[(row + b) * k.y_stride + output + a] = tree_sum(sums[a][b]);
}

template <int32_t Format, int W>
static void block_tiles(const LinearRows &k, const BlockRows &weight, int64_t output) {
    const uint8_t *from[W];
    for (int a = 0; a < W; a++) from[a] = weight.row(output + a);
    const int64_t row_bytes = k.width / block_shape(Format).values * block_shape(Format).bytes;
    if (k.rows == 1) {
        block_tile<Format, W, 1>(k, from, output, 0, row_bytes);
        return;
    }
    if (k.width > most_widened) {
        int64_t row = 0;
        for (; row + 2 <= k.rows; row += 2) block_tile<Format, W, 2>(k, from, output, row, row_bytes);
        if (row < k.rows) block_tile<Format, W, 1>(k, from, output, row, row_bytes);
        return;
    }
    float decoded[W * most_widened];
    for (int64_t c = 0; c < k.width / chunk; c++) {
        for (int a = 0; a < W; a++) {
            f32 w[chunk_vectors];
            decode<Format>(from[a], c, w);
            for (int v = 0; v < chunk_vectors; v++) store(decoded + a * k.width + c * chunk + v * lanes, w[v]);
        }
        __builtin_prefetch(from[W - 1] + row_bytes + c * 64);
    }
    tiles<float, W>(k, decoded, k.width, output);
}

template <int32_t Format>
static void block_outputs(const LinearRows &k, const BlockRows &weight, int64_t begin, int64_t end) {
    int64_t output = begin;
    for (; output + block_weights <= end; output += block_weights)
        block_tiles<Format, block_weights>(k, weight, output);
    for (; output < end; output++) block_tiles<Format, 1>(k, weight, output);
}

template <int32_t Format>
static void decode_rows(const BlockRows &weight, float *out, int64_t out_stride, int64_t width, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
        const uint8_t *from = weight.row(row);
        for (int64_t c = 0; c < width / chunk; c++) {
            f32 w[chunk_vectors];
            decode<Format>(from, c, w);
            for (int v = 0; v < chunk_vectors; v++) store(out + row * out_stride + c * chunk + v * lanes, w[v]);
        }
    }
}

#define AWL_EACH_FORMAT(X)                                                                                   \
    X(AWL_BLOCKS_F16) X(AWL_BLOCKS_BF16) X(AWL_BLOCKS_Q4_0) X(AWL_BLOCKS_Q4_1) X(AWL_BLOCKS_Q5_0)            \
    X(AWL_BLOCKS_Q5_1) X(AWL_BLOCKS_Q8_0) X(AWL_BLOCKS_Q4_K) X(AWL_BLOCKS_Q5_K) X(AWL_BLOCKS_Q6_K)

void linear_blocks_outputs(const LinearRows &k, const BlockRows &weight, int32_t format, int64_t begin, int64_t end) {
#define AWL_FORMAT(f) \
    if (format == f) return block_outputs<f>(k, weight, begin, end);
    AWL_EACH_FORMAT(AWL_FORMAT)
#undef AWL_FORMAT
}

void dequantize_rows(const BlockRows &weight, int32_t format, float *out, int64_t out_stride, int64_t width, int64_t begin,
                     int64_t end) {
#define AWL_FORMAT(f) \
    if (format == f) return decode_rows<f>(weight, out, out_stride, width, begin, end);
    AWL_EACH_FORMAT(AWL_FORMAT)
#undef AWL_FORMAT
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void linear_blocks_outputs(const LinearRows &, const BlockRows &, int32_t, int64_t, int64_t))
AWL_DECLARE(void dequantize_rows(const BlockRows &, int32_t, float *, int64_t, int64_t, int64_t, int64_t))

namespace awl {
namespace {

// Expects blocks of a known format, whole ones in every row, `width` values in a row (-1: any).
int32_t check_blocks(const char *kernel, const awl_tensor *t, int64_t width, BlockRows *rows, int64_t *outputs) {
    if (absent(t)) return fail(AWL_BAD_ARGUMENT, "%s: weight: expected a matrix of blocks, got none", kernel);
    const BlockShape block = block_shape(t->dtype);
    if (block.values == 0)
        return fail(AWL_BAD_ARGUMENT, "%s: weight: expected a block format, got dtype %d", kernel, t->dtype);
    if (t->rank < 2 || t->rank > 4)
        return fail(AWL_BAD_ARGUMENT, "%s: weight: expected rank 2 to 4, got %d", kernel, t->rank);
    if (t->device != AWL_CPU) return fail(AWL_BAD_ARGUMENT, "%s: weight: expected memory of cpu", kernel);
    const int64_t columns = t->size[t->rank - 1];
    if (columns < 0 || columns % block.values != 0 || (width >= 0 && columns != width))
        return fail(AWL_BAD_ARGUMENT, "%s: weight: expected rows of %lld values in blocks of %lld, got %lld", kernel,
                    (long long)width, (long long)block.values, (long long)columns);
    if (t->stride[t->rank - 1] != 1)
        return fail(AWL_BAD_ARGUMENT, "%s: weight: expected a contiguous last axis", kernel);
    int64_t sizes[3] = {1, 1, 1}, strides[3] = {0, 0, 0};
    *outputs = 1;
    for (int axis = 0; axis < t->rank - 1; axis++) {
        const int to = axis + 4 - t->rank;
        if (t->size[axis] < 0 || t->stride[axis] % block.values != 0)
            return fail(AWL_BAD_ARGUMENT, "%s: weight: axis %d: expected a stride of whole blocks, got size %lld, stride %lld",
                        kernel, axis, (long long)t->size[axis], (long long)t->stride[axis]);
        sizes[to] = t->size[axis];
        strides[to] = t->stride[axis] / block.values * block.bytes;
        *outputs *= t->size[axis];
    }
    if (t->data == nullptr && *outputs * columns > 0)
        return fail(AWL_BAD_ARGUMENT, "%s: weight: expected an address, got null", kernel);
    *rows = {(const uint8_t *)t->data, sizes[1], sizes[2], strides[0], strides[1], strides[2]};
    return AWL_OK;
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_linear_blocks(const awl_tensor *x, const awl_tensor *weights, int32_t count, awl_tensor *y, void *) {
    awl::clear_error();
    AWL_TRY(awl::check("linear_blocks", "x", x, AWL_CPU, AWL_F32, 2, -1));
    const int64_t rows = x->size[0], width = x->size[1];
    if (weights == nullptr || count < 1 || count > AWL_MOST_WEIGHTS)
        return awl::fail(AWL_BAD_ARGUMENT, "linear_blocks: weights: expected 1 to %d matrices, got %d", AWL_MOST_WEIGHTS,
                         count);
    awl::BlockRows matrix[AWL_MOST_WEIGHTS];
    int64_t start[AWL_MOST_WEIGHTS + 1] = {0};
    for (int32_t i = 0; i < count; i++) {
        int64_t outputs = 0;
        AWL_TRY(awl::check_blocks("linear_blocks", weights + i, width, matrix + i, &outputs));
        start[i + 1] = start[i] + outputs;
    }
    AWL_TRY(awl::check("linear_blocks", "y", y, AWL_CPU, AWL_F32, 2, rows, start[count]));
    if (rows == 0) return AWL_OK;
    awl::parallel_ahead(start[count], 1 + 32768 / (width + 1), 4 * (1 + 8192 / (width + 1)), [&](int64_t begin, int64_t end) {
        awl::each_matrix(count, start, begin, end, [&](int32_t i, int64_t from, int64_t to) {
            const awl::LinearRows k{(const float *)x->data, nullptr, (float *)y->data + start[i], rows, width,
                                    x->stride[0],           0,       y->stride[0]};
            AWL_DISPATCH(linear_blocks_outputs)(k, matrix[i], weights[i].dtype, from, to);
        });
    });
    return AWL_OK;
}

extern "C" int32_t awl_dequantize(const awl_tensor *weight, awl_tensor *out, void *) {
    awl::clear_error();
    awl::BlockRows matrix;
    int64_t rows = 0;
    AWL_TRY(awl::check_blocks("dequantize", weight, -1, &matrix, &rows));
    const int64_t width = weight->size[weight->rank - 1];
    AWL_TRY(awl::check("dequantize", "out", out, AWL_CPU, AWL_F32, 2, rows, width));
    awl::parallel(rows, 1 + 32768 / (width + 1), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(dequantize_rows)(matrix, weight->dtype, (float *)out->data, out->stride[0], width, begin, end);
    });
    return AWL_OK;
}

#endif
