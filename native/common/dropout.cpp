#include "dropout.h"

#include "status.h"

namespace awl {

int32_t check_dropout(int32_t device, const awl_tensor *x, const awl_tensor *key, const awl_tensor *out, double share,
                      int64_t stream, Dropout &k) {
    const char *name = "dropout";
    const int32_t dtype = !absent(x) && x->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(check(name, "x", x, device, dtype, 2, -1));
    AWL_TRY(check_dense(name, "key", key, device, AWL_I64, 1, x->size[0]));
    AWL_TRY(check(name, "out", out, device, dtype, 2, x->size[0], x->size[1]));
    if (!(share >= 0 && share < 1))
        return fail(AWL_BAD_ARGUMENT, "dropout: share: expected a number from 0 to below 1, got %g", share);
    k.x = x->data;
    k.key = (const int64_t *)key->data;
    k.out = out->data;
    k.columns = x->size[1];
    k.x_stride = x->stride[0];
    k.out_stride = out->stride[0];
    k.stream = stream;
    k.threshold = (uint32_t)(share * 4294967296.0);
    k.scale = (float)(1 / (1 - share));
    return AWL_OK;
}

}  // namespace awl
