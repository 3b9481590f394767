// A matrix product as BLAS has it: columns lie one after the other. By cuBLASLt on a device (cublas_lt.cu), by plain loops
// on the emulation (tests/emulation/gemm.cpp).
#pragma once

#include "device.h"

namespace awl {

// C = alpha op(A) op(B) + beta C; op turns a matrix or leaves it. A row of numbers apart from the next one by `ld`.
struct Gemm {
    bool turn_a, turn_b;
    int64_t m, n, k;  // C is m by n
    const void *a, *b;
    void *c;
    int64_t lda, ldb, ldc;
    int32_t operands, result;  // awl_dtype of A and B, and of C
    float alpha, beta;
    void *workspace;  // of the device
    size_t workspace_bytes;
};

// Sums in float32; the same input gives the same bits.
int32_t gemm(const Gemm &g, cudaStream_t stream);

}  // namespace awl
