// What a library says about itself, made from kernel_list.h. Compiled once for each backend.
#include "awl/kernel_list.h"
#include "awl/kernels.h"

namespace {

#ifdef AWL_BACKEND_CUDA
#define AWL_LISTED(name, cpu, cuda) {#name, cuda},
#else
#define AWL_LISTED(name, cpu, cuda) {#name, cpu},
#endif

struct Listed {
    const char *name;
    int here;
};

constexpr Listed kernels[] = {AWL_KERNELS(AWL_LISTED)};

}  // namespace

extern "C" {

int32_t awl_abi_version(void) { return AWL_ABI_VERSION; }

int64_t awl_sizeof_tensor(void) { return sizeof(awl_tensor); }

const char *awl_kernel_name(int32_t i) {
    for (const Listed &kernel : kernels) {
        if (kernel.here && i-- == 0) return kernel.name;
    }
    return nullptr;
}
}
