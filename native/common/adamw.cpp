#include "adamw.h"

#include "status.h"

namespace awl {
namespace {

constexpr char kernel[] = "adamw";

int32_t check_like(const char *argument, const awl_tensor *t, const awl_tensor *value, int32_t device, int32_t dtype) {
    AWL_TRY(check_dense(kernel, argument, t, device, dtype, absent(t) ? 0 : t->rank, -1));
    if (elements(t) == elements(value)) return AWL_OK;
    return fail(AWL_BAD_ARGUMENT, "%s: %s: expected the value's %lld elements, got %lld", kernel, argument,
                (long long)elements(value), (long long)elements(t));
}

// Five views of a tensor, in the order of the array: value, gradient, first, second, rounded.
int32_t check_slot(const awl_tensor *t, int32_t device) {
    const int32_t dtype = !absent(t) && t->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(check_dense(kernel, "value", t, device, dtype, absent(t) ? 0 : t->rank, -1));
    AWL_TRY(check_like("gradient", t + 1, t, device, AWL_F32));
    AWL_TRY(check_like("first", t + 2, t, device, AWL_F32));
    AWL_TRY(check_like("second", t + 3, t, device, AWL_F32));
    if (absent(t + 4)) return AWL_OK;
    if (dtype == AWL_BF16)
        return fail(AWL_BAD_ARGUMENT, "%s: rounded: expected none beside a value in bf16, got a tensor", kernel);
    return check_like("rounded", t + 4, t, device, AWL_BF16);
}

}  // namespace

int32_t check_adamw(int32_t device, const awl_tensor *tensors, const double *decay, int64_t count,
                    const awl_tensor *divisor, const awl_tensor *skip) {
    if (count < 0 || (count > 0 && (!tensors || !decay)))
        return fail(AWL_BAD_ARGUMENT, "%s: expected %lld tensors and their decay, got none", kernel, (long long)count);
    AWL_TRY(check(kernel, "divisor", divisor, device, AWL_F32, 0, -1));
    AWL_TRY(check(kernel, "skip", skip, device, AWL_F32, 0, -1));
    for (int64_t i = 0; i < count; i++) AWL_TRY(check_slot(tensors + 5 * i, device));
    return AWL_OK;
}

}  // namespace awl
