// What the CUDA kernels share on the host side.
#pragma once

#include <cuda_runtime.h>

#include "status.h"

namespace awl {

// AWL_OK, or the launch's error with the kernel's name. Reads the launch error only: nothing is synchronised.
inline int32_t launched(const char *kernel) {
    const cudaError_t error = cudaGetLastError();
    if (error == cudaSuccess) return AWL_OK;
    return fail(AWL_DEVICE_ERROR, "%s: launch failed: %s", kernel, cudaGetErrorString(error));
}

}  // namespace awl
