// That the emulation finds the mistakes it is there to find, in both orders, and runs what is right.
#include <stdio.h>
#include <stdlib.h>

#include <string>

#include "device.h"
#include "primitives/block_sum.cuh"

namespace {

int checks = 0, failures = 0;

void expect(bool ok, const std::string &what) {
    checks++;
    if (!ok && ++failures) printf("FAILED: %s\n", what.c_str());
}

std::string fault_of(void (*kernel)(int *), dim3 grid, dim3 block) {
    int *memory;
    cudaMalloc((void **)&memory, 4096);
    awl::launch(kernel, grid, block, 0, nullptr, memory);
    const cudaError_t error = cudaGetLastError();
    const std::string text = error == cudaSuccess ? "" : cudaGetErrorString(error);
    expect(cudaGetLastError() == cudaSuccess, "an error is told once");
    cudaFree(memory);
    return text;
}

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

__global__ void misses_a_barrier(int *) {
    if (threadIdx.x != 5) __syncthreads();
}

__global__ void other_barriers(int *) {
    if (threadIdx.x < 7)
        __syncthreads();
    else
        __syncthreads();
}

__global__ void lane_stays_away(int *) {
    if (threadIdx.x % 32 != 3) __shfl_xor_sync(0xffffffffu, threadIdx.x, 1);
}

__global__ void odd_warp(int *) { __shfl_xor_sync(0xffffffffu, 1.f, 16); }

__global__ void half_warps(int *memory) {
    const unsigned half = threadIdx.x < 16 ? 0xffffu : 0xffff0000u;
    int sum = (int)threadIdx.x;
    for (int step = 8; step > 0; step /= 2) sum += __shfl_xor_sync(half, sum, step);
    if (threadIdx.x % 16 == 0) memory[threadIdx.x / 16] = sum;
}

__global__ void sums(double *memory) {
    const double sum = awl::block_sum<96>((double)threadIdx.x);
    const double most = awl::block_max<96>((double)(threadIdx.x ^ 5));
    if (threadIdx.x == 95) memory[blockIdx.x] = sum + 1000 * most;
}

__global__ void warps(unsigned *memory) {
    const int lane = (int)threadIdx.x;
    const unsigned ballot = __ballot_sync(0xffffffffu, lane % 3 == 0);
    const int up = __shfl_up_sync(0xffffffffu, lane, 1), down = __shfl_down_sync(0xffffffffu, lane, 2);
    const int broadcast = __shfl_sync(0xffffffffu, lane, 7);
    memory[lane] = ballot == 0x49249249u && up == (lane ? lane - 1 : 0) && down == (lane < 30 ? lane + 2 : lane) &&
                   broadcast == 7;
}

__shared__ int left_over;
__global__ void reads_fresh_shared(int *memory) {
    memory[blockIdx.x] = left_over;
    left_over = 1;
}

template <class T>
struct Device {
    T *at;
    explicit Device(size_t n) { cudaMalloc((void **)&at, n * sizeof(T)); }
    ~Device() { cudaFree(at); }
    T read(size_t i) {
        T value;
        cudaMemcpy(&value, at + i, sizeof(T), cudaMemcpyDeviceToHost);
        return value;
    }
};

void all() {
    std::string fault = fault_of(misses_a_barrier, 1, 64);
    expect(has(fault, "waits at the barrier emulation_test.cpp:") && has(fault, "thread 5 has left"), fault);
    fault = fault_of(other_barriers, 2, 64);
    expect(has(fault, "waits at the barrier") && fault.find("emulation_test") != fault.rfind("emulation_test"), fault);
    fault = fault_of(lane_stays_away, 1, 32);
    expect(has(fault, "waits at the warp function") && has(fault, "thread 3 has left"), fault);
    expect(has(fault_of(odd_warp, 1, 40), "waits at the warp function"), "a warp shorter than the mask");
    expect(has(fault_of(odd_warp, 1, 2048), "invalid configuration"), "too many threads");
    expect(has(fault_of(odd_warp, dim3(1, 70000), 32), "invalid configuration"), "too many blocks");
    expect(fault_of(half_warps, 1, 32).empty(), "parts of a warp may go their own ways");

    Device<double> totals(3);
    awl::launch(sums, 3, 96, 0, nullptr, totals.at);
    expect(awl::launched("sums") == AWL_OK, awl_last_error());
    for (size_t i = 0; i < 3; i++) expect(totals.read(i) == 95 * 48 + 1000 * 95, "sum and maximum of a block");
    Device<unsigned> lanes(32);
    awl::launch(warps, 1, 32, 0, nullptr, lanes.at);
    for (size_t i = 0; i < 32; i++) expect(lanes.read(i) == 1, "warp functions");
#if !defined(__SANITIZE_ADDRESS__)
    Device<int> seen(4);
    awl::launch(reads_fresh_shared, 4, 1, 0, nullptr, seen.at);
    for (size_t i = 0; i < 4; i++) expect(seen.read(i) == -1, "shared memory is fresh in every block");
#else
    (void)reads_fresh_shared;
#endif
}

}  // namespace

int main() {
    all();
    setenv("AWL_EMULATION_ORDER", "descending", 1);
    all();
    printf("emulation: %d checks, %d failed\n", checks, failures);
    return failures ? 1 : 0;
}
