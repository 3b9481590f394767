// Gradient of an embedding table: rows of gradients added where their tokens stand, in the order of tokens and without
// atomics. The block of a token's first appearance adds all its rows; the others find out that they are not it and leave.
#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;

template <class T>
__global__ void __launch_bounds__(threads)
    add_rows(const T *gradient, int64_t row_stride, const int64_t *tokens, int64_t rows, float *table,
             int64_t table_stride, int64_t classes, int64_t width, float scale) {
    __shared__ unsigned matches[threads / 32];
    const int64_t n = blockIdx.x, token = tokens[n];
    if (token < 0 || token >= classes) return;
    int earlier = 0;
    for (int64_t i = threadIdx.x; i < n && !earlier; i += threads) earlier = tokens[i] == token;
    if (block_max<threads>(earlier)) return;
    float *to = table + token * table_stride;
    for (int64_t tile = n / threads * threads; tile < rows; tile += threads) {
        const int64_t mine = tile + threadIdx.x;
        const unsigned found = __ballot_sync(0xffffffffu, mine >= n && mine < rows && tokens[mine] == token);
        __syncthreads();
        if (threadIdx.x % 32 == 0) matches[threadIdx.x / 32] = found;
        __syncthreads();
        for (int warp = 0; warp < threads / 32; warp++) {
            for (unsigned left = matches[warp]; left; left &= left - 1) {
                const T *from = gradient + (tile + warp * 32 + __ffs((int)left) - 1) * row_stride;
                for (int64_t i = threadIdx.x; i < width; i += threads) to[i] = to[i] + scale * widen(from[i]);
            }
        }
    }
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_embedding_backward(const awl_tensor *gradient, const awl_tensor *tokens, awl_tensor *table,
                                          double scale, void *stream) {
    static const char kernel[] = "embedding_backward";
    awl::clear_error();
    const int32_t dtype = !awl::absent(gradient) && gradient->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(awl::check(kernel, "gradient", gradient, AWL_CUDA, dtype, 2, -1, -1));
    const int64_t rows = gradient->size[0], width = gradient->size[1];
    AWL_TRY(awl::check_dense(kernel, "tokens", tokens, AWL_CUDA, AWL_I64, 1, rows));
    AWL_TRY(awl::check(kernel, "table", table, AWL_CUDA, AWL_F32, 2, -1, width));
    AWL_TRY(awl::check_grid(kernel, rows));
    if (rows == 0 || width == 0) return AWL_OK;
    const auto run = [&](auto kind) {
        using T = decltype(kind);
        awl::launch(awl::add_rows<T>, (unsigned)rows, awl::threads, 0, (cudaStream_t)stream, (const T *)gradient->data,
                    gradient->stride[0], (const int64_t *)tokens->data, rows, (float *)table->data, table->stride[0],
                    table->size[0], width, (float)scale);
    };
    dtype == AWL_BF16 ? run(awl::bf16{}) : run(0.f);
    return awl::launched(kernel);
}
