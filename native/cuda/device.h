// What the CUDA kernels share on the host side.
#pragma once

#include <cuda_runtime.h>

#include "status.h"

namespace awl {

// kernel<<<grid, block, shared_bytes, stream>>>(arguments...), in a form that is C++ as well: tests run the kernels
// where there is no device (tests/emulation).
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
            Arguments... arguments) {
#ifdef __CUDACC__
    kernel<<<grid, block, shared_bytes, stream>>>(static_cast<Parameters>(arguments)...);
#else
    (void)stream;
    emulation::run(grid, block, shared_bytes, [&] { kernel(static_cast<Parameters>(arguments)...); });
#endif
}

// AWL_OK, or the launch's error with the kernel's name. Reads the launch error only: nothing is synchronised.
inline int32_t launched(const char *kernel) {
    const cudaError_t error = cudaGetLastError();
    if (error == cudaSuccess) return AWL_OK;
    return fail(AWL_DEVICE_ERROR, "%s: launch failed: %s", kernel, cudaGetErrorString(error));
}

// Blocks of a launch along x, y and z.
inline int32_t check_grid(const char *kernel, int64_t x, int64_t y = 1, int64_t z = 1) {
    if (x <= 0x7fffffff && y <= 65535 && z <= 65535) return AWL_OK;
    return fail(AWL_BAD_ARGUMENT, "%s: expected work for at most 2^31 - 1, 65535 and 65535 blocks, got %lld, %lld and %lld",
                kernel, (long long)x, (long long)y, (long long)z);
}

// Whether rows of `width` elements from this address, `pitch` elements apart, can be moved sixteen bytes at a time.
template <class T>
bool packs(const void *address, int64_t width, int64_t pitch) {
    const int64_t size = 16 / sizeof(T);
    return (uintptr_t)address % 16 == 0 && width % size == 0 && pitch % size == 0;
}

}  // namespace awl
