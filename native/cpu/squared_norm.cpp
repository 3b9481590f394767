// The sum of squares of many tensors, for the global gradient norm, in one pass.
#include "awl/kernels.h"
#include "isa.h"

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// As many numbers as a register holds in float64: of twice that GCC 12 makes a detour through memory.
constexpr int few = lanes / 2;
typedef float few_f32 __attribute__((vector_size(few * 4)));
typedef uint32_t few_u32 __attribute__((vector_size(few * 4)));
typedef uint16_t few_u16 __attribute__((vector_size(few * 2)));
typedef double few_f64 __attribute__((vector_size(few * 8)));

AWL_INLINE few_f64 wide(const float *p) {
    few_f32 v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, few_f64);
}

AWL_INLINE few_f64 wide(const bf16 *p) {
    few_u16 v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector((few_f32)(__builtin_convertvector(v, few_u32) << 16), few_f64);
}

template <class T>
static double squares(const T *x, int64_t n) {
    constexpr int ways = 8;
    const int64_t most = n - n % (ways * few), whole = n - n % few;
    few_f64 partial[ways] = {};
    for (int64_t i = 0; i < most; i += ways * few) {
        for (int way = 0; way < ways; way++) {
            const few_f64 v = wide(x + i + way * few);
            partial[way] += v * v;
        }
    }
    for (int64_t i = most; i < whole; i += few) {
        const few_f64 v = wide(x + i);
        partial[0] += v * v;
    }
    if (n > whole) {
        T rest[few] = {};
        memcpy(rest, x + whole, (n - whole) * sizeof(T));
        const few_f64 v = wide(rest);
        partial[1] += v * v;
    }
    double total = 0;
    for (int way = 0; way < ways; way++) {
        for (int i = 0; i < few; i++) total += partial[way][i];
    }
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
