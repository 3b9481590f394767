// Arguments of sample, checked and read the same way on every device.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

#ifdef __CUDACC__
#define AWL_HOST_DEVICE __host__ __device__
#else
#define AWL_HOST_DEVICE
#endif

namespace awl {

// Smaller temperatures act as this one, so that the reciprocal is a number.
constexpr double least_temperature = 1e-300;

// One row of settings; as Java's awl.sample.Sampling.
struct SampleSettings {
    double temperature;
    int64_t top_k;
    double top_p, min_p;
    bool valid;
};

AWL_HOST_DEVICE inline SampleSettings sample_settings(const double *row) {
    const bool valid = row[0] >= 0 && row[0] <= 1.7e308 && row[1] >= 0 && row[1] <= 9e15 && row[2] > 0 && row[2] <= 1 &&
                       row[3] >= 0 && row[3] <= 1;
    return {row[0], valid ? (int64_t)row[1] : 0, row[2], row[3], valid};
}

int32_t check_sample(int32_t device, const awl_tensor *logits, const awl_tensor *settings, const awl_tensor *uniform,
                     const awl_tensor *id, const awl_tensor *log_prob);

}  // namespace awl
