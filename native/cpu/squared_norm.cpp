// The sum of squares of many tensors, for the global gradient norm, in one pass.
#include "awl/kernels.h"
#include "isa.h"

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

template <class T>
static double squares(const T *x, int64_t n) {
    constexpr int ways = 4;
    const int64_t whole = n - n % lanes, most = n - n % (ways * lanes);
    f64 partial[ways] = {};
    for (int64_t i = 0; i < most; i += ways * lanes) {
        for (int way = 0; way < ways; way++) {
            const f64 v = widen(load(x + i + way * lanes));
            partial[way] += v * v;
        }
    }
    for (int64_t i = most; i < whole; i += lanes) {
        const f64 v = widen(load(x + i));
        partial[0] += v * v;
    }
    if (n > whole) {
        const f64 v = widen(load_part(x + whole, n - whole, 0));
        partial[1] += v * v;
    }
    const f64 all = (partial[0] + partial[1]) + (partial[2] + partial[3]);
    double total = 0;
    for (int i = 0; i < lanes; i++) total += all[i];
    return total;
}

double squared_norm_piece(const void *x, int64_t n, int32_t dtype) {
    return dtype == AWL_BF16 ? squares((const bf16 *)x, n) : squares((const float *)x, n);
}

}  // namespace awl::AWL_ISA

#else

#include "pieces.h"
#include "status.h"

AWL_DECLARE(double squared_norm_piece(const void *, int64_t, int32_t))

extern "C" int32_t awl_squared_norm(const awl_tensor *tensors, int64_t count, awl_tensor *workspace, awl_tensor *out,
                                    void *) {
    awl::clear_error();
    int64_t pieces = 0;
    AWL_TRY(awl::check_squared_norm(AWL_CPU, tensors, count, workspace, out, pieces));
    double *sums = (double *)workspace->data;
    awl::each_piece(
        count, AWL_NORM_PIECE, [&](int64_t i) { return awl::elements(tensors + i); },
        [&](int64_t piece, int64_t i, int64_t begin, int64_t end) {
            const awl_tensor &t = tensors[i];
            const int64_t width = t.dtype == AWL_BF16 ? 2 : 4;
            sums[piece] =
                AWL_DISPATCH(squared_norm_piece)((const char *)t.data + begin * width, end - begin, t.dtype);
        });
    double total = 0;
    for (int64_t piece = 0; piece < pieces; piece++) total += sums[piece];
    *(double *)out->data = total;
    return AWL_OK;
}

#endif
