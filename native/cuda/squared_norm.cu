// The sum of squares of many tensors, for the global gradient norm: a block sums a piece in float64, then one block sums
// the pieces. A thread's share and the tree above it are fixed.
#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/pieces.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 512;

struct Entry {
    const void *data;
    int64_t elements, first_piece;
    bool halves, wide;
};

constexpr int most = 96;
using Batch = Pieces<Entry, most>;
static_assert(sizeof(Batch) <= 4000, "arguments of a launch");

template <class T>
__device__ double squares(const T *x, int64_t count, bool wide) {
    constexpr int n = widest<T>;
    const int64_t whole = wide ? count - count % n : 0;
    double sum = 0;
    float v[n];
    for (int64_t i = threadIdx.x * n; i < whole; i += threads * n) {
        load<n>(x + i, v);
        for (int j = 0; j < n; j++) sum += (double)v[j] * v[j];
    }
    for (int64_t i = whole + threadIdx.x; i < count; i += threads) {
        const double one = widen(x[i]);
        sum += one * one;
    }
    return block_sum<threads>(sum);
}

__global__ void __launch_bounds__(threads) pieces_of(Batch batch, double *sums) {
    int64_t begin;
    const Entry &k = batch.entry(AWL_NORM_PIECE, begin);
    const int64_t rest = k.elements - begin, count = rest < AWL_NORM_PIECE ? rest : AWL_NORM_PIECE;
    const double sum = k.halves ? squares((const bf16 *)k.data + begin, count, k.wide)
                                : squares((const float *)k.data + begin, count, k.wide);
    if (threadIdx.x == 0) sums[batch.piece_before + blockIdx.x] = sum;
}

__global__ void __launch_bounds__(threads) total_of(const double *sums, int64_t pieces, double *out) {
    double sum = 0;
    for (int64_t i = threadIdx.x; i < pieces; i += threads) sum += sums[i];
    sum = block_sum<threads>(sum);
    if (threadIdx.x == 0) *out = sum;
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_squared_norm(const awl_tensor *tensors, int64_t count, awl_tensor *workspace, awl_tensor *out,
                                    void *stream) {
    awl::clear_error();
    int64_t pieces = 0;
    AWL_TRY(awl::check_squared_norm(AWL_CUDA, tensors, count, workspace, out, pieces));
    double *sums = (double *)workspace->data;
    awl::each_batch<awl::most, awl::Entry>(
        count, AWL_NORM_PIECE,
        [&](int64_t i, awl::Entry &entry) {
            entry.data = tensors[i].data, entry.elements = awl::elements(tensors + i);
            entry.halves = tensors[i].dtype == AWL_BF16, entry.wide = (uintptr_t)tensors[i].data % 16 == 0;
        },
        [&](const awl::Batch &batch, int64_t blocks) {
            awl::launch(awl::pieces_of, (unsigned)blocks, awl::threads, 0, (cudaStream_t)stream, batch, sums);
        });
    awl::launch(awl::total_of, 1, awl::threads, 0, (cudaStream_t)stream, (const double *)sums, pieces, (double *)out->data);
    return awl::launched("squared_norm");
}
