// Gradient of an embedding table: rows of gradients added where their tokens stand.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct EmbeddingBackward {
    const void *gradient;  // of the first column
    const int64_t *tokens;
    float *table;
    int64_t rows, row_stride, table_stride, columns;
    float scale;
};

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

template <class T>
static void add(const EmbeddingBackward &k) {
    const int64_t whole = k.columns - k.columns % lanes, rest = k.columns - whole;
    for (int64_t n = 0; n < k.rows; n++) {
        const T *from = (const T *)k.gradient + n * k.row_stride;
        float *to = k.table + k.tokens[n] * k.table_stride;
        for (int64_t i = 0; i < whole; i += lanes) store(to + i, load(to + i) + k.scale * load(from + i));
        if (rest) {
            const f32 sum = load_part(to + whole, rest, 0) + k.scale * load_part(from + whole, rest, 0);
            store_part(to + whole, rest, sum);
        }
    }
}

void embedding_backward_columns(const EmbeddingBackward &k, int32_t dtype) {
    if (dtype == AWL_BF16)
        add<bf16>(k);
    else
        add<float>(k);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void embedding_backward_columns(const EmbeddingBackward &, int32_t))

extern "C" int32_t awl_embedding_backward(const awl_tensor *gradient, const awl_tensor *tokens, awl_tensor *table,
                                          double scale, void *) {
    static const char kernel[] = "embedding_backward";
    awl::clear_error();
    const int32_t dtype = !awl::absent(gradient) && gradient->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(awl::check(kernel, "gradient", gradient, AWL_CPU, dtype, 2, -1, -1));
    const int64_t rows = gradient->size[0], width = gradient->size[1];
    AWL_TRY(awl::check_dense(kernel, "tokens", tokens, AWL_CPU, AWL_I64, 1, rows));
    AWL_TRY(awl::check(kernel, "table", table, AWL_CPU, AWL_F32, 2, -1, width));
    const int64_t *token = (const int64_t *)tokens->data;
    for (int64_t n = 0; n < rows; n++) {
        if (token[n] < 0 || token[n] >= table->size[0])
            return awl::fail(AWL_BAD_ARGUMENT, "%s: tokens: expected row %lld in [0, %lld), got %lld", kernel, (long long)n,
                             (long long)table->size[0], (long long)token[n]);
    }
    if (rows == 0) return AWL_OK;
    // Threads share columns, whole cache lines of them: a sum is one thread's, in the order of tokens.
    constexpr int64_t line = 16;
    const int64_t lines = (width + line - 1) / line, bytes = dtype == AWL_BF16 ? 2 : 4;
    awl::parallel(lines, 1 + 32768 / (rows * line), [&](int64_t begin, int64_t end) {
        const int64_t from = begin * line, to = end * line < width ? end * line : width;
        const awl::EmbeddingBackward k{(const char *)gradient->data + from * bytes,
                                       token,
                                       (float *)table->data + from,
                                       rows,
                                       gradient->stride[0],
                                       table->stride[0],
                                       to - from,
                                       (float)scale};
        AWL_DISPATCH(embedding_backward_columns)(k, dtype);
    });
    return AWL_OK;
}

#endif
