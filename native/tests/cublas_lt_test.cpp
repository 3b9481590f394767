// cublas_lt.cu against what stands in cuBLASLt's place (emulation/cublas_lt.h): what it is told, how often it is asked, and
// which algorithm is taken. One run with AWL_CUDA_AUTOTUNE unset, with 1, and with a value that it does not have.
#include <string.h>

#include <algorithm>
#include <string>

#include "awl/kernels.h"
#include "emulation/cublas_lt.h"
#include "gemm.h"
#include "harness.h"

static bool capturing = false, events_fail = false;
static int events = 0;

struct CUevent_st {
    double ms;
};
cudaError_t cudaGetDevice(int *device) {
    *device = 0;
    return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t *event) {
    if (events_fail) return cudaErrorMemoryAllocation;
    *event = new CUevent_st{0};
    events++;
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    events--;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
    expect(!capturing, "nothing is timed on a stream that is being captured");
    event->ms = stand_in::state().clock_ms;
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end) {
    *ms = (float)(end->ms - begin->ms);
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus *status) {
    *status = capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char *cudaGetErrorString(cudaError_t) { return ""; }

namespace {

using stand_in::Offer;

stand_in::State &lt() { return stand_in::state(); }

alignas(256) float left[4096], right[4096], result[4096], space[64];

// C [m, n] = or += A B with m rows of columns k: small whole numbers, so that every order of sums has the same bits.
awl::Gemm product(int64_t m, int64_t n = 3, int64_t k = 5, float beta = 0) {
    for (int i = 0; i < 4096; i++) left[i] = (float)(i % 7 - 3), right[i] = (float)(i % 5 - 2), result[i] = 100;
    return {false, false, m, n, k, left, right, result, m, k, m, AWL_F32, AWL_F32, 0.5f, beta, space, sizeof space};
}

bool right_result(const awl::Gemm &g) {
    for (int64_t j = 0; j < g.n; j++) {
        for (int64_t i = 0; i < g.m; i++) {
            float sum = 0;
            for (int64_t p = 0; p < g.k; p++) sum += left[i + p * g.lda] * right[p + j * g.ldb];
            if (result[i + j * g.ldc] != 0.5f * sum + (g.beta != 0 ? 100 : 0)) return false;
        }
    }
    return true;
}

// The algorithms that ran for a product.
std::vector<uint64_t> run(const awl::Gemm &g, const std::string &what) {
    lt().ran.clear();
    expect(awl::gemm(g, nullptr) == AWL_OK, what + ": " + awl_last_error());
    expect(right_result(g), what + " is right");
    expect(lt().alive == 0 && events == 0, what + " leaves nothing behind");
    return lt().ran;
}

using Names = std::vector<uint64_t>;

void is_told_everything() {
    awl::Gemm g{true, false, 4, 6, 10, (char *)left + 2, (char *)right + 64, result, 11, 13, 7, AWL_BF16, AWL_F32, 1, 0,
                space, 100};
    expect(awl::gemm(g, nullptr) == AWL_OK, awl_last_error());
    const stand_in::Asked asked = lt().asked.back();
    expect(asked.compute == 68 && asked.scale == 0, "sums are float32, never TF32");
    expect(asked.turn_a && !asked.turn_b, "which operand is turned");
    expect(asked.a.type == 14 && asked.a.rows == 10 && asked.a.columns == 4 && asked.a.ld == 11, "a as it lies");
    expect(asked.b.type == 14 && asked.b.rows == 10 && asked.b.columns == 6 && asked.b.ld == 13, "b as it lies");
    expect(asked.c.type == 0 && asked.c.rows == 4 && asked.c.columns == 6 && asked.c.ld == 7, "c as it lies");
    auto told = asked.preferences;
    expect(told[1] == 100, "how much workspace there is");
    expect(told[3] == 2, "sums that are split are added in float32, in order");
    expect(told[5] == 2 && told[6] == 64 && told[7] == 256 && told[8] == 256, "how operands are aligned");
    expect(told.size() == 6, "and nothing else");
}

void refuses() {
    lt().heuristic_status = 15;
    expect(awl::gemm(product(90), nullptr) == AWL_DEVICE_ERROR && strstr(awl_last_error(), "status 15"), "status is told");
    lt().heuristic_status = 0;
    lt().offers = {};
    expect(awl::gemm(product(90), nullptr) == AWL_DEVICE_ERROR && strstr(awl_last_error(), "no algorithm"), "none is told");
    lt().offers = {{1, 1, 0, 15}};
    expect(awl::gemm(product(90), nullptr) == AWL_DEVICE_ERROR && strstr(awl_last_error(), "status 15"), "state is told");
    lt().offers = {{1, 1, 13}};
    expect(awl::gemm(product(90), nullptr) == AWL_DEVICE_ERROR && strstr(awl_last_error(), "cublasLtMatmul failed with status 13"),
           "a product that fails is told");
    expect(lt().alive == 0, "refusals leave nothing behind");
}

// The heuristic's first, and the same for ever.
void untuned() {
    lt().offers = {{11, 5}, {12, 1}};
    size_t asked = lt().asked.size();
    expect(run(product(2), "the first time") == Names{11}, "the heuristic's first runs, once");
    expect(lt().asked.size() == ++asked && lt().asked.back().wanted == 1, "one algorithm is asked for");
    expect(run(product(2), "the second time") == Names{11} && lt().asked.size() == asked, "and remembered");
    run(product(3), "another shape");
    run(product(2, 3, 5, 1), "the same, added");
    awl::Gemm moved = product(2);
    moved.workspace_bytes -= 4;
    run(moved, "less workspace");
    moved = product(2);
    moved.ldc = 9;
    run(moved, "rows further apart");
    expect(lt().asked.size() == asked + 4, "whatever an algorithm may depend on is asked for anew");
    for (int64_t k = 10; k < 10 + 300; k++) run(product(2, 2, k), "one of many");
    asked = lt().asked.size();
    run(product(2, 2, 309), "the last of many");
    expect(lt().asked.size() == asked, "the last ones are remembered");
    run(product(2, 2, 10), "the first of many");
    expect(lt().asked.size() == asked + 1, "the first ones are asked for again");
}

void tuned() {
    lt().offers = {{21, 5}, {22, 3}, {23, 1, 13}, {24, 2}, {25, 4}, {26, 1, 0, 15}};
    size_t asked = lt().asked.size();
    Names ran = run(product(2), "timed");
    expect(lt().asked.size() == ++asked && lt().asked.back().wanted == 8, "several algorithms are asked for");
    expect(ran.back() == 24, "the fastest that can run is taken");
    expect(std::count(ran.begin(), ran.end(), 22u) == 4 && std::count(ran.begin(), ran.end(), 24u) == 5, "in some rounds");
    expect(std::count(ran.begin(), ran.end(), 23u) == 1 && !std::count(ran.begin(), ran.end(), 26u),
           "one that failed is not tried again");
    expect(run(product(2), "once more") == Names{24} && lt().asked.size() == asked, "and it is remembered");

    lt().offers = {{31, 1, 13}, {32, 3}, {33, 2}};
    expect(run(product(3), "with a first that can not").back() == 33, "the first need not run");
    lt().offers = {{41, 1.00}, {42, 0.99}};
    expect(run(product(4), "hardly faster").back() == 41, "a hundredth is no reason to leave the first");
    lt().offers = {{41, 1.00}, {42, 0.97}, {43, 0.96}};
    expect(run(product(5), "faster").back() == 43, "more is");

    lt().offers = {{51, 5}, {52, 1}};
    expect(run(product(6, 3, 5, 1), "added to") == Names{51}, "what is added to is not timed");
    expect(lt().asked.back().wanted == 1, "nor is more than one asked for");
    capturing = true;
    expect(run(product(7), "captured") == Names{51}, "nothing is timed under capture");
    capturing = false;
    expect(run(product(7), "captured before") == Names{51}, "and within a process the choice stays");
    events_fail = true;
    expect(run(product(8), "without events") == Names{51}, "where nothing can be timed the first runs");
    events_fail = false;
    lt().offers = {{61, 5}};
    expect(run(product(9), "without a choice") == Names{61}, "one alone is not timed");

    lt().offers = {{71, 5}, {72, 1}};
    for (int64_t k = 10; k < 10 + 300; k++) run(product(2, 2, k), "one of many");
    asked = lt().asked.size();
    expect(run(product(2), "the first of all") == Names{24} && run(product(2, 2, 10), "an early one") == Names{72},
           "a choice by time stays to the end");
    expect(lt().asked.size() == asked, "without being asked for");
    for (int again = 0; again < 2; again++)
        expect(run(product(2, 2, 310), "behind the last that is kept") == Names{71}, "where all is full the first is taken");
    expect(lt().asked.size() == asked + 1, "and remembered");
}

}  // namespace

int main(int count, char **arguments) {
    const std::string mode = count > 1 ? arguments[1] : "";
    if (mode == "wrong") {
        expect(awl::gemm(product(2), nullptr) == AWL_BAD_ARGUMENT && strstr(awl_last_error(), "expected 0 or 1, got 'yes'"),
               awl_last_error());
    } else {
        is_told_everything();
        mode == "tuned" ? tuned() : untuned();
        refuses();
    }
    return report("cublas_lt");
}
