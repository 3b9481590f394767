// The CUDA library about itself. Knobs of the CPU library exist here too, so that one Java class binds either.
#include "device.h"

extern "C" {

const char *awl_backend(void) { return "cuda"; }

int32_t awl_device_count(void) {
    awl::clear_error();
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaErrorNoDevice) return 0;
    if (error != cudaSuccess) {
        awl::fail(AWL_DEVICE_ERROR, "device_count: %s", cudaGetErrorString(error));
        return -1;
    }
    return count;
}

int32_t awl_set_threads(int32_t) { return AWL_OK; }

const char *awl_instruction_set(void) { return "cuda"; }

int32_t awl_limit_instruction_set(int32_t) { return 0; }
}
