// gemm() by cuBLASLt.
//
// Its heuristic names the algorithm: a function of the product, the device and the library's version, so that a run made
// again, or resumed, has the same bits. Which of several is fastest is measured only where AWL_CUDA_AUTOTUNE is 1: two that
// are nearly as fast change places from one process to the next, and even without split sums their tiles may add in
// different orders. Within a process a choice stays as it is either way.
#include "cublas_lt.h"

#include <stdlib.h>
#include <string.h>

#include <initializer_list>

#include "awl/kernels.h"
#include "cublas_lt_choices.h"
#include "gemm.h"

namespace awl {
namespace {

using lt::Algorithm, lt::Description, lt::Handle, lt::Heuristic, lt::Key, lt::Library, lt::Status;

constexpr int devices = 64, candidates = 8, rounds = 3;
// A candidate that gains less on the heuristic's first is not worth other bits.
constexpr float gain = 0.98f;

// By time, which would come out otherwise the next time; and by the heuristic, which says the same again.
lt::Choices timed(false), named(true);
Handle handles[devices];
int handles_lock;

int32_t aligned(const void *address) {
    int32_t bytes = 256;
    while ((uintptr_t)address % bytes) bytes /= 2;
    return bytes;
}

int32_t failed(const char *what, Status status) {
    return fail(AWL_DEVICE_ERROR, "matrix_product: cuBLASLt: %s failed with status %d", what, status);
}

// A product with its descriptions, which are freed with it.
struct Product {
    Product(const Library &l, const Gemm &g, Handle handle, cudaStream_t stream)
        : l(l), g(g), handle(handle), stream(stream) {}
    ~Product() {
        if (operation) l.description_free(operation);
        for (Description each : {a, b, c}) {
            if (each) l.layout_free(each);
        }
        if (preference) l.preference_free(preference);
    }
    Status describe() {
        const int type = g.operands == AWL_BF16 ? lt::bfloat_16 : lt::real_32;
        const int result = g.result == AWL_BF16 ? lt::bfloat_16 : lt::real_32;
        const int32_t turn = lt::operation_turn;
        Status s = l.description(&operation, lt::compute_32, lt::real_32);
        if (!s && g.turn_a) s = l.description_set(operation, lt::turn_a, &turn, sizeof turn);
        if (!s && g.turn_b) s = l.description_set(operation, lt::turn_b, &turn, sizeof turn);
        if (!s) s = l.layout(&a, type, g.turn_a ? g.k : g.m, g.turn_a ? g.m : g.k, g.lda);
        if (!s) s = l.layout(&b, type, g.turn_b ? g.n : g.k, g.turn_b ? g.k : g.n, g.ldb);
        if (!s) s = l.layout(&c, result, g.m, g.n, g.ldc);
        return s;
    }
    // The best of what can do with these addresses, the best first: a bfloat16 row of odd length begins anywhere.
    Status ask(const Key &key, int wanted, Heuristic *found, int &count) {
        const uint64_t bytes = g.workspace_bytes;
        const uint32_t reduction = lt::reduction_compute;
        Status s = l.preference(&preference);
        if (!s) s = l.preference_set(preference, lt::most_workspace, &bytes, sizeof bytes);
        if (!s) s = l.preference_set(preference, lt::reduction_mask, &reduction, sizeof reduction);
        for (int i = 0; i < 4 && !s; i++) {
            const uint32_t least = key.alignment[i < 3 ? i : 2];
            s = l.preference_set(preference, lt::alignment_a + i, &least, sizeof least);
        }
        if (!s) s = l.heuristic(handle, operation, a, b, c, c, preference, wanted, found, &count);
        return s;
    }
    Status run(const Algorithm &algorithm) const {
        return l.multiply(handle, operation, &g.alpha, g.a, a, g.b, b, &g.beta, g.c, c, g.c, c, &algorithm, g.workspace,
                          g.workspace_bytes, stream);
    }
    const Library &l;
    const Gemm &g;
    const Handle handle;
    const cudaStream_t stream;
    Description operation = nullptr, a = nullptr, b = nullptr, c = nullptr, preference = nullptr;
};

struct Stopwatch {
    ~Stopwatch() {
        if (begin) cudaEventDestroy(begin);
        if (end) cudaEventDestroy(end);
    }
    bool ready() { return cudaEventCreate(&begin) == cudaSuccess && cudaEventCreate(&end) == cudaSuccess; }
    // Milliseconds, below zero where the algorithm can not run; waits for it.
    float time(const Product &product, const Algorithm &algorithm) {
        float ms = -1;
        const bool ran = cudaEventRecord(begin, product.stream) == cudaSuccess && product.run(algorithm) == 0 &&
                         cudaEventRecord(end, product.stream) == cudaSuccess;
        const bool told = cudaEventSynchronize(end) == cudaSuccess && cudaEventElapsedTime(&ms, begin, end) == cudaSuccess;
        return ran && told ? ms : -1;
    }
    cudaEvent_t begin = nullptr, end = nullptr;
};

// The fastest of them, each in its best of a few rounds behind one that does not count. Overwrites C each time.
int fastest(const Product &product, const Heuristic *found, int count) {
    Stopwatch watch;
    if (!watch.ready()) {
        cudaGetLastError();
        return 0;
    }
    float best[candidates];
    for (int round = 0; round <= rounds; round++) {
        for (int i = 0; i < count; i++) {
            if (round && best[i] < 0) continue;
            const float ms = found[i].state ? -1 : watch.time(product, found[i].algorithm);
            if (round < 2 || ms < best[i]) best[i] = ms;
        }
    }
    // Of a refused candidate; an error of the device itself stays, and the product that follows tells it.
    cudaGetLastError();
    int chosen = 0;
    for (int i = 1; i < count; i++) {
        if (best[i] < 0) continue;
        const float bar = chosen ? best[chosen] : best[0] * gain;
        if (best[chosen] < 0 || best[i] < bar) chosen = i;
    }
    return chosen;
}

// Whether the product may be timed: C must be free to be overwritten, and a stream under capture can not be waited for.
bool can_time(const Gemm &g, cudaStream_t stream) {
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    const bool told = cudaStreamIsCapturing(stream, &capture) == cudaSuccess;
    if (!told) cudaGetLastError();
    return told && capture == cudaStreamCaptureStatusNone && g.beta == 0;
}

int32_t choose(Product &product, const Key &key, bool tunes, Algorithm &algorithm) {
    Heuristic found[candidates] = {};
    int count = 0, chosen = 0;
    // What could not be timed when it came first stays with the heuristic's all the same.
    const bool stays = tunes && !timed.full(), times = stays && can_time(product.g, product.stream);
    const Status s = product.ask(key, times ? candidates : 1, found, count);
    if (s || count < 1 || (count == 1 && found[0].state))
        return failed("no algorithm for this shape; cublasLtMatmulAlgoGetHeuristic", s ? s : found[0].state);
    if (count > 1) chosen = fastest(product, found, count);
    algorithm = (stays ? timed : named).remember(key, found[chosen].algorithm);
    return AWL_OK;
}

// -1 where the variable has another value.
int read_autotune() {
    const char *value = getenv("AWL_CUDA_AUTOTUNE");
    if (!value || !*value || !strcmp(value, "0")) return 0;
    return strcmp(value, "1") ? -1 : 1;
}

}  // namespace

int32_t gemm(const Gemm &g, cudaStream_t stream) {
    static const int tunes = read_autotune();
    if (tunes < 0)
        return fail(AWL_BAD_ARGUMENT, "matrix_product: variable AWL_CUDA_AUTOTUNE: expected 0 or 1, got '%.64s'",
                    getenv("AWL_CUDA_AUTOTUNE"));
    static const Library l = lt::open();
    if (l.missing) return fail(AWL_DEVICE_ERROR, "matrix_product: cuBLASLt: no %s", l.missing);
    int device = 0;
    if (cudaGetDevice(&device) != cudaSuccess || device >= devices)
        return fail(AWL_DEVICE_ERROR, "matrix_product: no current device");
    {
        lt::Lock lock(handles_lock);
        if (!handles[device]) {
            const Status s = l.create(&handles[device]);
            if (s) return failed("cublasLtCreate", s);
        }
    }
    Product product(l, g, handles[device], stream);
    Status s = product.describe();
    if (s) return failed("a description", s);
    const Key key{g.m, g.n, g.k, g.lda, g.ldb, g.ldc, (int64_t)g.workspace_bytes, device,
                  g.turn_a | g.turn_b << 1 | g.operands << 2 | g.result << 4 | (g.beta != 0) << 6,
                  {aligned(g.a), aligned(g.b), aligned(g.c)}};
    Algorithm algorithm;
    if (!timed.recall(key, algorithm) && !named.recall(key, algorithm)) AWL_TRY(choose(product, key, tunes, algorithm));
    s = product.run(algorithm);
    return s ? failed("cublasLtMatmul", s) : AWL_OK;
}

}  // namespace awl
