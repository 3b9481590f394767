#include "status.h"

#include <stdarg.h>
#include <stdio.h>

namespace awl {
namespace {

thread_local char last_error[512] = "";

const char *dtype_name(int32_t dtype) {
    switch (dtype) {
        case AWL_F32: return "f32";
        case AWL_BF16: return "bf16";
        case AWL_F64: return "f64";
        case AWL_I64: return "i64";
        default: return "unknown dtype";
    }
}

const char *device_name(int32_t device) { return device == AWL_CPU ? "cpu" : device == AWL_CUDA ? "cuda" : "unknown device"; }

}  // namespace

int32_t fail(int32_t code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return code;
}

void clear_error() { last_error[0] = 0; }

int32_t check(const char *kernel, const char *argument, const awl_tensor *t, int32_t device, int32_t dtype, int32_t rank,
              int64_t size0, int64_t size1) {
    if (absent(t)) return fail(AWL_BAD_ARGUMENT, "%s: %s: expected a tensor, got none", kernel, argument);
    if (t->rank != rank)
        return fail(AWL_BAD_ARGUMENT, "%s: %s: expected rank %d, got %d", kernel, argument, rank, t->rank);
    if (t->dtype != dtype)
        return fail(AWL_BAD_ARGUMENT, "%s: %s: expected %s, got %s", kernel, argument, dtype_name(dtype),
                    dtype_name(t->dtype));
    if (t->device != device)
        return fail(AWL_BAD_ARGUMENT, "%s: %s: expected memory of %s, got %s", kernel, argument, device_name(device),
                    device_name(t->device));
    const int64_t expected[2] = {size0, size1};
    int64_t elements = 1;
    for (int axis = 0; axis < rank; axis++) {
        int64_t want = axis < 2 ? expected[axis] : -1;
        if (t->size[axis] < 0 || (want >= 0 && t->size[axis] != want))
            return fail(AWL_BAD_ARGUMENT, "%s: %s: axis %d: expected size %lld, got %lld", kernel, argument, axis,
                        (long long)want, (long long)t->size[axis]);
        elements *= t->size[axis];
    }
    if (rank > 0 && t->size[rank - 1] > 1 && t->stride[rank - 1] != 1)
        return fail(AWL_BAD_ARGUMENT, "%s: %s: expected a contiguous last axis, got stride %lld", kernel, argument,
                    (long long)t->stride[rank - 1]);
    if (t->data == nullptr && elements > 0)
        return fail(AWL_BAD_ARGUMENT, "%s: %s: expected an address, got null", kernel, argument);
    return AWL_OK;
}

int32_t check_dense(const char *kernel, const char *argument, const awl_tensor *t, int32_t device, int32_t dtype,
                    int32_t rank, int64_t size0, int64_t size1) {
    AWL_TRY(check(kernel, argument, t, device, dtype, rank, size0, size1));
    int64_t expected = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        if (t->size[axis] > 1 && t->stride[axis] != expected)
            return fail(AWL_BAD_ARGUMENT, "%s: %s: axis %d: expected stride %lld, got %lld", kernel, argument, axis,
                        (long long)expected, (long long)t->stride[axis]);
        expected *= t->size[axis];
    }
    return AWL_OK;
}

int32_t check_rms_norm(const char *kernel, int32_t device, const awl_tensor *x, const awl_tensor *weight,
                       const awl_tensor *out, const char *out_name, const awl_tensor *inverse_rms) {
    if (absent(x)) return fail(AWL_BAD_ARGUMENT, "%s: x: expected a tensor, got none", kernel);
    if (x->dtype != AWL_F32 && x->dtype != AWL_BF16)
        return fail(AWL_BAD_ARGUMENT, "%s: x: expected f32 or bf16, got %s", kernel, dtype_name(x->dtype));
    AWL_TRY(check_dense(kernel, "x", x, device, x->dtype, 2, -1, -1));
    const bool stored_narrow = !absent(weight) && weight->dtype == AWL_BF16;
    AWL_TRY(check_dense(kernel, "weight", weight, device, stored_narrow ? AWL_BF16 : x->dtype, 1, x->size[1]));
    AWL_TRY(check_dense(kernel, out_name, out, device, x->dtype, 2, x->size[0], x->size[1]));
    return check_dense(kernel, "inverse_rms", inverse_rms, device, AWL_F32, 1, x->size[0]);
}

int32_t check_rms_norm_backward(const char *kernel, int32_t device, const awl_tensor *dy, const awl_tensor *x,
                                const awl_tensor *weight, const awl_tensor *inverse_rms, const awl_tensor *dx,
                                const awl_tensor *weight_gradient, const awl_tensor *workspace) {
    AWL_TRY(check_rms_norm(kernel, device, x, weight, dx, "dx", inverse_rms));
    AWL_TRY(check_dense(kernel, "weight", weight, device, x->dtype, 1, x->size[1]));
    AWL_TRY(check_dense(kernel, "dy", dy, device, x->dtype, 2, x->size[0], x->size[1]));
    if (absent(weight_gradient)) return AWL_OK;
    AWL_TRY(check_dense(kernel, "weight_gradient", weight_gradient, device, AWL_F32, 1, x->size[1]));
    AWL_TRY(check_dense(kernel, "workspace", workspace, device, AWL_F32, 2, -1, x->size[1]));
    if (workspace->size[0] < 1)
        return fail(AWL_BAD_ARGUMENT, "%s: workspace: expected at least one row of partial sums, got none", kernel);
    return AWL_OK;
}

int32_t check_squared_norm(int32_t device, const awl_tensor *tensors, int64_t count, const awl_tensor *workspace,
                           const awl_tensor *out, int64_t &pieces) {
    static const char kernel[] = "squared_norm";
    if (count < 0 || (count > 0 && !tensors))
        return fail(AWL_BAD_ARGUMENT, "%s: expected %lld tensors, got none", kernel, (long long)count);
    pieces = 0;
    for (int64_t i = 0; i < count; i++) {
        const awl_tensor *t = tensors + i;
        const bool here = !absent(t);
        AWL_TRY(check_dense(kernel, "gradient", t, device, here && t->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32,
                                 here ? t->rank : 0, -1));
        pieces += (elements(t) + AWL_NORM_PIECE - 1) / AWL_NORM_PIECE;
    }
    AWL_TRY(check(kernel, "out", out, device, AWL_F64, 0, -1));
    AWL_TRY(check_dense(kernel, "workspace", workspace, device, AWL_F64, 1, -1));
    if (workspace->size[0] < pieces)
        return fail(AWL_BAD_ARGUMENT, "%s: workspace: expected at least %lld sums, got %lld", kernel,
                         (long long)pieces, (long long)workspace->size[0]);
    return AWL_OK;
}

}  // namespace awl

extern "C" const char *awl_last_error(void) { return awl::last_error; }
