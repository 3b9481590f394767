// matrix_product on a device: rows are BLAS's columns, so that C = A B is computed as C^T = B^T A^T without moving anything.
#include "awl/kernels.h"
#include "gemm.h"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 256;

template <class T>
__global__ void clear(T *c, int64_t columns, int64_t pitch) {
    const int64_t column = (int64_t)blockIdx.y * threads + threadIdx.x;
    if (column < columns) c[blockIdx.x * pitch + column] = T{};
}

template <class T>
int32_t zero(awl_tensor *c, cudaStream_t stream) {
    const int64_t tiles = (c->size[1] + threads - 1) / threads;
    AWL_TRY(check_grid("matrix_product", c->size[0], tiles));
    launch(clear<T>, dim3((unsigned)c->size[0], (unsigned)tiles), threads, 0, stream, (T *)c->data, c->size[1],
           c->stride[0]);
    return launched("matrix_product");
}

bool is_turned(const awl_tensor *t) { return t->stride[0] == 1 && t->stride[1] != 1; }

int32_t check_matrix(const char *argument, const awl_tensor *t, int32_t dtype, int64_t rows, int64_t columns) {
    if (absent(t)) return fail(AWL_BAD_ARGUMENT, "matrix_product: %s: expected a tensor, got none", argument);
    if (t->rank == 2 && is_turned(t)) {
        awl_tensor turned = *t;
        turned.size[0] = t->size[1], turned.size[1] = t->size[0];
        turned.stride[0] = t->stride[1], turned.stride[1] = 1;
        return check("matrix_product", argument, &turned, AWL_CUDA, dtype, 2, columns, rows);
    }
    return check("matrix_product", argument, t, AWL_CUDA, dtype, 2, rows, columns);
}

// Apart from the next one; of a single row no distance is told.
int64_t pitch(const awl_tensor *t) {
    const int64_t told = is_turned(t) ? t->stride[1] : t->stride[0], least = is_turned(t) ? t->size[0] : t->size[1];
    return told > least ? told : least > 0 ? least : 1;
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_matrix_product(const awl_tensor *a, const awl_tensor *b, awl_tensor *c, awl_tensor *workspace,
                                      double scale, int32_t add, void *stream) {
    static const char kernel[] = "matrix_product";
    awl::clear_error();
    const int32_t operands = !awl::absent(a) && a->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    const int32_t result = operands == AWL_BF16 && !awl::absent(c) && c->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(awl::check_matrix("a", a, operands, -1, -1));
    AWL_TRY(awl::check_matrix("b", b, operands, a->size[1], -1));
    AWL_TRY(awl::check(kernel, "c", c, AWL_CUDA, result, 2, a->size[0], b->size[1]));
    AWL_TRY(awl::check_dense(kernel, "workspace", workspace, AWL_CUDA, AWL_F32, 1, -1));
    if (c->size[0] == 0 || c->size[1] == 0) return AWL_OK;
    const cudaStream_t on = (cudaStream_t)stream;
    if (a->size[1] == 0) {
        return add ? AWL_OK : (result == AWL_BF16 ? awl::zero<awl::bf16> : awl::zero<float>)(c, on);
    }
    const awl::Gemm product{awl::is_turned(b), awl::is_turned(a), c->size[1],    c->size[0],
                            a->size[1],        b->data,           a->data,       c->data,
                            awl::pitch(b),     awl::pitch(a),     awl::pitch(c), operands,
                            result,            (float)scale,      add ? 1.f : 0, workspace->data,
                            (size_t)workspace->size[0] * sizeof(float)};
    return awl::gemm(product, on);
}
