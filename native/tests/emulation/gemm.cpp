// gemm() in plain loops, for the emulation: which matrix is turned and how rows lie is tested by it.
#include "../../cuda/gemm.h"

#include "awl/kernels.h"

namespace awl {
namespace {

float at(const void *matrix, int32_t dtype, int64_t i) {
    if (dtype == AWL_F32) return ((const float *)matrix)[i];
    return __uint_as_float((unsigned)((const uint16_t *)matrix)[i] << 16);
}

uint16_t narrowed(float value) {
    const unsigned bits = __float_as_uint(value);
    return value != value ? (uint16_t)((bits >> 16) | 0x40) : (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

struct Body {
    const Gemm &g;
    void operator()() const {
        for (int64_t j = 0; j < g.n; j++) {
            for (int64_t i = 0; i < g.m; i++) {
                float sum = 0;
                for (int64_t k = 0; k < g.k; k++) {
                    const int64_t left = g.turn_a ? k + i * g.lda : i + k * g.lda;
                    const int64_t right = g.turn_b ? j + k * g.ldb : k + j * g.ldb;
                    sum += at(g.a, g.operands, left) * at(g.b, g.operands, right);
                }
                const int64_t to = i + j * g.ldc;
                const float value = g.alpha * sum + (g.beta != 0 ? g.beta * at(g.c, g.result, to) : 0);
                if (g.result == AWL_F32) {
                    ((float *)g.c)[to] = value;
                } else {
                    ((uint16_t *)g.c)[to] = narrowed(value);
                }
            }
        }
    }
};

}  // namespace

// As a kernel of one thread: device memory is open while one runs.
int32_t gemm(const Gemm &g, cudaStream_t) {
    emulation::run(dim3(1), dim3(1), 0, Body{g});
    return launched("matrix_product");
}

}  // namespace awl
