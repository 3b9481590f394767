// A test program's few tools: memory that ends at a guard page (or lies on the GPU), checks that count, views.
#pragma once

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "awl/kernels.h"

#ifdef AWL_TEST_CUDA
#include <cuda_runtime.h>
constexpr int32_t test_device = AWL_CUDA;
#else
constexpr int32_t test_device = AWL_CPU;
#endif

inline int failures = 0;
inline int checks = 0;

// Counts a check; prints those that fail.
inline void expect(bool ok, const std::string &what) {
    checks++;
    if (!ok && failures++ < 20) printf("FAILED: %s\n", what.c_str());
}

// The same where telling costs more than checking: `what()` is called for those that fail.
template <class Tell, class = decltype(std::declval<const Tell &>()())>
void expect(bool ok, const Tell &what) {
    checks++;
    if (!ok && failures++ < 20) printf("FAILED: %s\n", std::string(what()).c_str());
}

inline int report(const char *name) {
    printf("%s: %d checks, %d failed\n", name, checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}

struct Bf16 {
    uint16_t bits;
};

inline float widen(float v) { return v; }
inline double widen(double v) { return v; }
inline double widen(uint8_t v) { return v; }
inline float widen(Bf16 v) {
    uint32_t bits = (uint32_t)v.bits << 16;
    float out;
    memcpy(&out, &bits, 4);
    return out;
}

inline void narrow(float v, float &out) { out = v; }
inline void narrow(float v, Bf16 &out) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    out.bits = v != v ? (uint16_t)((bits >> 16) | 0x40) : (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

template <class T>
constexpr int32_t dtype_of();
template <>
constexpr int32_t dtype_of<float>() { return AWL_F32; }
template <>
constexpr int32_t dtype_of<Bf16>() { return AWL_BF16; }
template <>
constexpr int32_t dtype_of<double>() { return AWL_F64; }
template <>
constexpr int32_t dtype_of<int64_t>() { return AWL_I64; }
template <>
constexpr int32_t dtype_of<uint8_t>() { return -1; }  // the test says which blocks they are

// n elements whose last byte is the last before a page that must not be touched. With CUDA the kernels see a copy on
// the device; upload() and download() move it, and do nothing on the CPU.
template <class T>
class Buffer {
public:
    explicit Buffer(int64_t n) : n_(n) {
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        const size_t bytes = (size_t)n * sizeof(T);
        mapped_ = (bytes / page + 2) * page;
        base_ = (char *)mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(base_ + mapped_ - page, page, PROT_NONE);
        host_ = (T *)(base_ + mapped_ - page - bytes);
#ifdef AWL_TEST_CUDA
        cudaMalloc(&device_, bytes ? bytes : 1);
#endif
    }
    ~Buffer() {
        munmap(base_, mapped_);
#ifdef AWL_TEST_CUDA
        cudaFree(device_);
#endif
    }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    T &operator[](int64_t i) { return host_[i]; }
    int64_t size() const { return n_; }
    double at(int64_t i) const { return widen(host_[i]); }

    void upload() {
#ifdef AWL_TEST_CUDA
        cudaMemcpy(device_, host_, n_ * sizeof(T), cudaMemcpyHostToDevice);
#endif
    }
    void download() {
#ifdef AWL_TEST_CUDA
        cudaMemcpy(host_, device_, n_ * sizeof(T), cudaMemcpyDeviceToHost);
#endif
    }

    // From element `first` on.
    awl_tensor view(std::initializer_list<int64_t> sizes, int64_t first = 0) {
        awl_tensor t{};
#ifdef AWL_TEST_CUDA
        t.data = (T *)device_ + first;
#else
        t.data = host_ + first;
#endif
        t.rank = (int32_t)sizes.size();
        t.dtype = dtype_of<T>();
        t.device = test_device;
        int i = 0;
        for (int64_t size : sizes) t.size[i++] = size;
        int64_t stride = 1;
        for (i = t.rank - 1; i >= 0; i--) {
            t.stride[i] = stride;
            stride *= t.size[i];
        }
        return t;
    }

private:
    int64_t n_;
    size_t mapped_;
    char *base_;
    T *host_;
    void *device_ = nullptr;
};

inline awl_tensor no_tensor() {
    awl_tensor t{};
    t.rank = -1;
    return t;
}

#ifndef AWL_TEST_CUDA
// Says in one line which instruction sets are not tested because this machine ends at `best`. AWL_REQUIRE_ISA names one
// that must be there, for whoever has to know that its code ran.
inline void tell_untested(int32_t best) {
    static bool told = false;
    if (told) return;
    told = true;
#if defined(__x86_64__)
    const std::vector<std::string> names = {"plain", "avx2", "avx512", "avx512bf16"};
#else
    const std::vector<std::string> names = {"plain"};
#endif
    std::string untested;
    for (size_t level = best + 1; level < names.size(); level++) untested += " " + names[level];
    if (!untested.empty())
        printf("instruction sets not tested here:%s (this processor has %s at most)\n", untested.c_str(),
               names[best].c_str());
    const char *required = getenv("AWL_REQUIRE_ISA");
    if (!required || !*required) return;
    int32_t level = 0;
    while (level < (int32_t)names.size() && names[level] != required) level++;
    const bool known = level < (int32_t)names.size();
    expect(level <= best, std::string("AWL_REQUIRE_ISA=") + required +
                              (known ? ", but this processor has " : " is none of ours; this processor has ") + names[best] +
                              " at most");
}
#endif

// Runs the body for every instruction set this machine has, and once on a device.
template <class Body>
void each_instruction_set(const Body &body) {
#ifdef AWL_TEST_CUDA
    body();
#else
    const int32_t best = awl_limit_instruction_set(99);
    tell_untested(best);
    for (int32_t level = 0; level <= best; level++) {
        awl_limit_instruction_set(level);
        printf("instruction set %s\n", awl_instruction_set());
        body();
    }
#endif
}

// Exit status 77 is CTest's "skipped".
inline bool skip_without_device() {
    if (awl_device_count() > 0) return false;
    printf("SKIPPED: no device: %s\n", awl_last_error());
    return true;
}
