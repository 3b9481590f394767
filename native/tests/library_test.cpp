// Opens a built library as Java does and asks what it is; it must answer on a machine without a device too.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "awl/kernels.h"

template <class F>
F *find(void *library, const char *name) {
    return (F *)dlsym(library, name);
}

#define REQUIRE(condition)                                     \
    if (!(condition)) {                                        \
        printf("FAILED: %s (%s)\n", #condition, dlerror()); \
        return 1;                                              \
    }

int main(int argc, char **argv) {
    REQUIRE(argc == 3);  // library, backend
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library);
    REQUIRE(find<int32_t()>(library, "awl_abi_version")() == AWL_ABI_VERSION);
    REQUIRE(find<int64_t()>(library, "awl_sizeof_tensor")() == sizeof(awl_tensor));
    REQUIRE(!strcmp(find<const char *()>(library, "awl_backend")(), argv[2]));
    auto name = find<const char *(int32_t)>(library, "awl_kernel_name");
    int kernels = 0;
    for (; name(kernels); kernels++) {
        char symbol[128];
        snprintf(symbol, sizeof symbol, "awl_%s", name(kernels));
        REQUIRE(dlsym(library, symbol));
        printf("%s\n", symbol);
    }
    REQUIRE(kernels > 0);
    const int32_t devices = find<int32_t()>(library, "awl_device_count")();
    const char *error = find<const char *()>(library, "awl_last_error")();
    printf("%d kernels, %d devices, %s%s%s\n", kernels, devices,
           find<const char *()>(library, "awl_instruction_set")(), *error ? ", " : "", error);
    REQUIRE(devices >= 0 || *error);
    // Only the header's names leave the library.
    REQUIRE(!dlsym(library, "_ZN3awl11clear_errorEv"));
    return 0;
}
