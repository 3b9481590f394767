// The part of cublasLt.h (CUDA 13) that matrix products use, declared by hand: the wheel with the header would be 400 MB for
// every build. The library is opened at the first product, so that libawl_cuda itself opens where there is no CUDA; libtorch
// has mapped the same library, so that a process has one.
#pragma once

#include <dlfcn.h>

#include "device.h"

namespace awl {
namespace lt {

using Status = int;
using Handle = void *;
using Description = void *;
struct Algorithm {
    uint64_t data[8];
};
struct Heuristic {
    Algorithm algorithm;
    size_t workspace_bytes;
    Status state;
    float waves;
    int reserved[4];
};

enum : int {
    real_32 = 0,             // CUDA_R_32F
    bfloat_16 = 14,          // CUDA_R_16BF
    compute_32 = 68,         // CUBLAS_COMPUTE_32F: no TF32
    turn_a = 3,              // CUBLASLT_MATMUL_DESC_TRANSA
    turn_b = 4,
    operation_turn = 1,      // CUBLAS_OP_T
    most_workspace = 1,      // CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
    reduction_mask = 3,      // CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK
    reduction_compute = 2,   // CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE: partial sums stay float32, in a fixed order
    alignment_a = 5          // CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, then B, C, D
};

struct Library {
    Status (*create)(Handle *);
    Status (*description)(Description *, int compute, int scale);
    Status (*description_set)(Description, int attribute, const void *value, size_t bytes);
    Status (*description_free)(Description);
    Status (*layout)(Description *, int type, uint64_t rows, uint64_t columns, int64_t ld);
    Status (*layout_free)(Description);
    Status (*preference)(Description *);
    Status (*preference_set)(Description, int attribute, const void *value, size_t bytes);
    Status (*preference_free)(Description);
    Status (*heuristic)(Handle, Description, Description, Description, Description, Description, Description, int,
                        Heuristic *, int *);
    Status (*multiply)(Handle, Description, const void *alpha, const void *a, Description, const void *b, Description,
                       const void *beta, const void *c, Description, void *d, Description, const Algorithm *,
                       void *workspace, size_t bytes, cudaStream_t);
    const char *missing = nullptr;  // what of it is not there
};

template <class Function>
void find(void *library, const char *name, Function &function, Library &into) {
    function = (Function)dlsym(library, name);
    if (!function && !into.missing) into.missing = name;
}

inline Library open() {
    Library l{};
    void *file = dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_LOCAL);
    if (!file) {
        l.missing = "libcublasLt.so.13";
        return l;
    }
    find(file, "cublasLtCreate", l.create, l);
    find(file, "cublasLtMatmulDescCreate", l.description, l);
    find(file, "cublasLtMatmulDescSetAttribute", l.description_set, l);
    find(file, "cublasLtMatmulDescDestroy", l.description_free, l);
    find(file, "cublasLtMatrixLayoutCreate", l.layout, l);
    find(file, "cublasLtMatrixLayoutDestroy", l.layout_free, l);
    find(file, "cublasLtMatmulPreferenceCreate", l.preference, l);
    find(file, "cublasLtMatmulPreferenceSetAttribute", l.preference_set, l);
    find(file, "cublasLtMatmulPreferenceDestroy", l.preference_free, l);
    find(file, "cublasLtMatmulAlgoGetHeuristic", l.heuristic, l);
    find(file, "cublasLtMatmul", l.multiply, l);
    return l;
}

}  // namespace lt
}  // namespace awl
