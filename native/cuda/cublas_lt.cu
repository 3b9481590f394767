// gemm() by cuBLASLt, opened at the first product: libawl_cuda itself opens where there is no CUDA. libtorch has mapped the
// same library, so that a process has one. What is declared here is the part of cublasLt.h (CUDA 13) that is used; the
// wheel with the header would be 400 MB for every build.
#include <dlfcn.h>

#include "awl/kernels.h"
#include "gemm.h"

namespace awl {
namespace {

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
    real_32 = 0,      // CUDA_R_32F
    bfloat_16 = 14,   // CUDA_R_16BF
    compute_32 = 68,  // CUBLAS_COMPUTE_32F: no TF32
    turn_a = 3,       // CUBLASLT_MATMUL_DESC_TRANSA
    turn_b = 4,
    operation_turn = 1,      // CUBLAS_OP_T
    most_workspace = 1,      // CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
    reduction_mask = 3,      // CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK
    reduction_compute = 2,   // CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE: partial sums stay float32, in a fixed order
    alignment_a = 5,         // CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, then B, C, D
    devices = 64
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
    const char *missing = nullptr;
};

template <class Function>
void find(void *library, const char *name, Function &function, Library &into) {
    function = (Function)dlsym(library, name);
    if (!function && !into.missing) into.missing = name;
}

Library open() {
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

struct Lock {
    explicit Lock(int &word) : word(word) {
        while (__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE)) {
        }
    }
    ~Lock() { __atomic_store_n(&word, 0, __ATOMIC_RELEASE); }
    int &word;
};

// What an algorithm was chosen for.
struct Key {
    int64_t m, n, k, lda, ldb, ldc, workspace;
    int32_t device, kind, alignment[3];
    bool operator==(const Key &other) const {
        return m == other.m && n == other.n && k == other.k && lda == other.lda && ldb == other.ldb && ldc == other.ldc &&
               workspace == other.workspace && device == other.device && kind == other.kind &&
               alignment[0] == other.alignment[0] && alignment[1] == other.alignment[1] &&
               alignment[2] == other.alignment[2];
    }
};

// The last ones; a model has a few dozen shapes, those of the head and the documents' lengths among them.
constexpr int remembered = 256;
struct Entry {
    Key key;
    Algorithm algorithm;
} entries[remembered];
int filled, next;
int entries_lock, handles_lock;
Handle handles[devices];

bool recall(const Key &key, Algorithm &algorithm) {
    Lock lock(entries_lock);
    for (int i = 0; i < filled; i++) {
        if (entries[i].key == key) {
            algorithm = entries[i].algorithm;
            return true;
        }
    }
    return false;
}

void remember(const Key &key, const Algorithm &algorithm) {
    Lock lock(entries_lock);
    entries[next] = {key, algorithm};
    next = (next + 1) % remembered;
    if (filled < remembered) filled++;
}

int32_t aligned(const void *address) {
    int32_t bytes = 256;
    while ((uintptr_t)address % bytes) bytes /= 2;
    return bytes;
}

// Freed with its descriptions.
struct Descriptions {
    explicit Descriptions(const Library &l) : l(l) {}
    ~Descriptions() {
        if (operation) l.description_free(operation);
        for (Description each : {a, b, c}) {
            if (each) l.layout_free(each);
        }
        if (preference) l.preference_free(preference);
    }
    Status describe(const Gemm &g) {
        const int type = g.operands == AWL_BF16 ? bfloat_16 : real_32, result = g.result == AWL_BF16 ? bfloat_16 : real_32;
        const int32_t turn = operation_turn;
        Status s = l.description(&operation, compute_32, real_32);
        if (!s && g.turn_a) s = l.description_set(operation, turn_a, &turn, sizeof turn);
        if (!s && g.turn_b) s = l.description_set(operation, turn_b, &turn, sizeof turn);
        if (!s) s = l.layout(&a, type, g.turn_a ? g.k : g.m, g.turn_a ? g.m : g.k, g.lda);
        if (!s) s = l.layout(&b, type, g.turn_b ? g.n : g.k, g.turn_b ? g.k : g.n, g.ldb);
        if (!s) s = l.layout(&c, result, g.m, g.n, g.ldc);
        return s;
    }
    Status prefer(const Gemm &g, const Key &key) {
        const uint64_t bytes = g.workspace_bytes;
        const uint32_t reduction = reduction_compute;
        Status s = l.preference(&preference);
        if (!s) s = l.preference_set(preference, most_workspace, &bytes, sizeof bytes);
        if (!s) s = l.preference_set(preference, reduction_mask, &reduction, sizeof reduction);
        for (int i = 0; i < 4 && !s; i++) {
            const uint32_t least = key.alignment[i < 3 ? i : 2];
            s = l.preference_set(preference, alignment_a + i, &least, sizeof least);
        }
        return s;
    }
    const Library &l;
    Description operation = nullptr, a = nullptr, b = nullptr, c = nullptr, preference = nullptr;
};

int32_t failed(const char *what, Status status) {
    return fail(AWL_DEVICE_ERROR, "matrix_product: cuBLASLt: %s failed with status %d", what, status);
}

}  // namespace

int32_t gemm(const Gemm &g, cudaStream_t stream) {
    static const Library l = open();
    if (l.missing) return fail(AWL_DEVICE_ERROR, "matrix_product: cuBLASLt: no %s", l.missing);
    int device = 0;
    if (cudaGetDevice(&device) != cudaSuccess || device >= devices)
        return fail(AWL_DEVICE_ERROR, "matrix_product: no current device");
    {
        Lock lock(handles_lock);
        if (!handles[device]) {
            const Status s = l.create(&handles[device]);
            if (s) return failed("cublasLtCreate", s);
        }
    }
    Descriptions described(l);
    Status s = described.describe(g);
    if (s) return failed("a description", s);
    const Key key{g.m, g.n, g.k, g.lda, g.ldb, g.ldc, (int64_t)g.workspace_bytes, device,
                  g.turn_a | g.turn_b << 1 | g.operands << 2 | g.result << 4 | (g.beta != 0) << 6,
                  {aligned(g.a), aligned(g.b), aligned(g.c)}};
    Algorithm algorithm;
    if (!recall(key, algorithm)) {
        Heuristic found{};
        int count = 0;
        s = described.prefer(g, key);
        if (!s)
            s = l.heuristic(handles[device], described.operation, described.a, described.b, described.c, described.c,
                            described.preference, 1, &found, &count);
        if (s || count < 1 || found.state)
            return failed("no algorithm for this shape; cublasLtMatmulAlgoGetHeuristic", s ? s : found.state);
        algorithm = found.algorithm;
        remember(key, algorithm);
    }
    s = l.multiply(handles[device], described.operation, &g.alpha, g.a, described.a, g.b, described.b, &g.beta, g.c,
                   described.c, g.c, described.c, &algorithm, g.workspace, g.workspace_bytes, stream);
    return s ? failed("cublasLtMatmul", s) : AWL_OK;
}

}  // namespace awl
