// The CPU library's knobs: threads and instruction set.
#include <sched.h>

#include "awl/kernels.h"
#include "crew.h"
#include "isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace awl {
namespace {

#if defined(__x86_64__)
// Conversion of half floats; not every compiler's __builtin_cpu_supports knows its name.
bool half_floats() {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

int detect() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma") && half_floats())
        return __builtin_cpu_supports("avx512bf16") ? 3 : 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && half_floats()) return 1;
#endif
    return 0;
}

// Cores this process may run on.
int count_cores() {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

const int machine = detect();
const int cores = count_cores();
int in_use = machine;
int thread_setting = 0;

}  // namespace

int instruction_set() { return in_use; }

int threads() { return thread_setting > 0 ? thread_setting : cores; }

}  // namespace awl

extern "C" {

const char *awl_backend(void) { return "cpu"; }

int32_t awl_device_count(void) { return 1; }

int32_t awl_set_threads(int32_t n) {
    awl::thread_setting = n;
    return AWL_OK;
}

const char *awl_instruction_set(void) {
    static const char *const names[] = {"plain", "avx2", "avx512", "avx512bf16"};
    return names[awl::in_use];
}

int32_t awl_limit_instruction_set(int32_t level) {
    awl::in_use = level < 0 ? 0 : level < awl::machine ? level : awl::machine;
    return awl::in_use;
}
}
