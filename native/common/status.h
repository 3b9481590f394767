// Errors as values: the message of this thread's last failure, and the checks every kernel makes of its arguments.
#pragma once

#include "awl/kernels.h"

namespace awl {

// Stores the message and returns `code`, so that a kernel can `return fail(...)`.
int32_t fail(int32_t code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void clear_error();

inline bool absent(const awl_tensor *t) { return t == nullptr || t->rank < 0; }

inline int64_t elements(const awl_tensor *t) {
    int64_t n = 1;
    for (int32_t axis = 0; axis < t->rank; axis++) n *= t->size[axis];
    return n;
}

// Expects a view of this rank, dtype and device with a contiguous last axis; size -1 means any.
int32_t check(const char *kernel, const char *argument, const awl_tensor *t, int32_t device, int32_t dtype, int32_t rank,
              int64_t size0, int64_t size1 = -1);

// The same, with all axes contiguous.
int32_t check_dense(const char *kernel, const char *argument, const awl_tensor *t, int32_t device, int32_t dtype,
                    int32_t rank, int64_t size0, int64_t size1 = -1);

// Type and shapes of the two RMSNorm kernels, the same on every device.
int32_t check_rms_norm(const char *kernel, int32_t device, const awl_tensor *x, const awl_tensor *weight,
                       const awl_tensor *out, const char *out_name, const awl_tensor *inverse_rms);
int32_t check_rms_norm_backward(const char *kernel, int32_t device, const awl_tensor *dy, const awl_tensor *x,
                                const awl_tensor *weight, const awl_tensor *inverse_rms, const awl_tensor *dx,
                                const awl_tensor *weight_gradient, const awl_tensor *workspace);

// Type, shape and workspace of squared_norm; `pieces` becomes their number.
int32_t check_squared_norm(int32_t device, const awl_tensor *tensors, int64_t count, const awl_tensor *workspace,
                           const awl_tensor *out, int64_t &pieces);

}  // namespace awl

// Leaves the kernel with the status of a failed check.
#define AWL_TRY(expression)                          \
    do {                                             \
        int32_t awl_status_ = (expression);          \
        if (awl_status_ != AWL_OK) return awl_status_; \
    } while (0)
