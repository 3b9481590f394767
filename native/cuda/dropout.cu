// Dropout by a counter: each number's fate is a hash of its row's key and its column, so nothing is stored for the
// backward pass, which asks again.
#include "dropout.h"

#include "device.h"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;

// Blocks are (row, tile of packs).
template <class T, int n>
__global__ void __launch_bounds__(threads) drop(Dropout k, unsigned tiles) {
    const int64_t row = blockIdx.x / tiles;
    const int64_t at = ((int64_t)(blockIdx.x % tiles) * threads + threadIdx.x) * n;
    if (at >= k.columns) return;
    const DropoutRow key = dropout_row(k.key[row], k.stream);
    float v[n];
    load<n>((const T *)k.x + row * k.x_stride + at, v);
    for (int j = 0; j < n; j++) v[j] = dropout_bits(key, (uint32_t)(at + j)) >= k.threshold ? v[j] * k.scale : 0.f;
    store<n>((T *)k.out + row * k.out_stride + at, v);
}

template <class T>
int32_t run(const Dropout &k, int64_t rows, cudaStream_t stream) {
    const bool wide = packs<T>(k.x, k.columns, k.x_stride) && packs<T>(k.out, k.columns, k.out_stride);
    const int64_t pieces = wide ? k.columns / widest<T> : k.columns, tiles = (pieces + threads - 1) / threads;
    AWL_TRY(check_grid("dropout", rows * tiles));
    launch(wide ? drop<T, widest<T>> : drop<T, 1>, (unsigned)(rows * tiles), threads, 0, stream, k, (unsigned)tiles);
    return launched("dropout");
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_dropout(const awl_tensor *x, const awl_tensor *key, awl_tensor *out, double share, int64_t place,
                               void *stream) {
    awl::clear_error();
    awl::Dropout k;
    AWL_TRY(awl::check_dropout(AWL_CUDA, x, key, out, share, place, k));
    const int64_t rows = x->size[0];
    if (rows == 0 || k.columns == 0) return AWL_OK;
    return (x->dtype == AWL_BF16 ? awl::run<awl::bf16> : awl::run<float>)(k, rows, (cudaStream_t)stream);
}
