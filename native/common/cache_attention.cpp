#include "cache_attention.h"

#include "status.h"

namespace awl {
namespace {

bool dense(const awl_tensor *t) {
    int64_t stride = 1;
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        if (t->size[axis] != 1 && t->stride[axis] != stride) return false;
        stride *= t->size[axis];
    }
    return true;
}

int32_t check_cache(const char *argument, const awl_tensor *t, int32_t device, int32_t dtype) {
    AWL_TRY(check("cache_attention", argument, t, device, dtype, 4, -1));
    if (!dense(t)) return fail(AWL_BAD_ARGUMENT, "cache_attention: %s: expected contiguous axes", argument);
    return AWL_OK;
}

}  // namespace

int32_t check_cache_attention(int32_t device, const awl_tensor *projected, const awl_tensor *cosine, const awl_tensor *sine,
                              const awl_tensor *keys, const awl_tensor *values, const awl_tensor *slot,
                              const awl_tensor *position, const awl_tensor *out, double scale, double soft_cap,
                              int64_t window, CacheAttention &k) {
    const char *name = "cache_attention";
    const int32_t dtype = keys->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(check_cache("keys", keys, device, dtype));
    AWL_TRY(check_cache("values", values, device, dtype));
    for (int axis = 0; axis < 4; axis++)
        if (keys->size[axis] != values->size[axis])
            return fail(AWL_BAD_ARGUMENT, "%s: values: expected the shape of keys", name);
    const int64_t slots = keys->size[0], kv_heads = keys->size[1], capacity = keys->size[2], width = keys->size[3];
    AWL_TRY(check(name, "projected", projected, device, dtype, 2, -1));
    const int64_t rows = projected->size[0];
    AWL_TRY(check(name, "out", out, device, dtype, 2, rows));
    const int64_t heads = width > 0 ? out->size[1] / width : 0;
    if (width < 1 || width > cache_attention_widest || kv_heads < 1 || heads < 1 || heads % kv_heads != 0 ||
        heads * width != out->size[1] || projected->size[1] != (heads + 2 * kv_heads) * width)
        return fail(AWL_BAD_ARGUMENT,
                    "%s: expected projected (N, (H + 2K) E) and out (N, H E) with K = %lld, E = %lld (1 to %lld) and"
                    " H a multiple of K, got %lld and %lld columns",
                    name, (long long)kv_heads, (long long)width, (long long)cache_attention_widest,
                    (long long)projected->size[1], (long long)out->size[1]);
    AWL_TRY(check_dense(name, "cosine", cosine, device, AWL_F32, 2, rows));
    const int64_t rotated = cosine->size[1];
    AWL_TRY(check_dense(name, "sine", sine, device, AWL_F32, 2, rows, rotated));
    if (rotated > width || rotated % 2 != 0)
        return fail(AWL_BAD_ARGUMENT, "%s: cosine: expected an even number of columns up to %lld, got %lld", name,
                    (long long)width, (long long)rotated);
    AWL_TRY(check_dense(name, "slot", slot, device, AWL_I64, 1, rows));
    AWL_TRY(check_dense(name, "position", position, device, AWL_I64, 1, rows));
    k.projected = projected->data;
    k.cosine = (const float *)cosine->data;
    k.sine = (const float *)sine->data;
    k.keys = keys->data;
    k.values = values->data;
    k.slot = (const int64_t *)slot->data;
    k.position = (const int64_t *)position->data;
    k.out = out->data;
    k.rows = rows;
    k.slots = slots;
    k.heads = heads;
    k.kv_heads = kv_heads;
    k.width = width;
    k.rotated = rotated;
    k.capacity = capacity;
    k.projected_stride = projected->stride[0];
    k.out_stride = out->stride[0];
    k.window = window;
    k.scale = (float)scale;
    k.soft_cap = (float)soft_cap;
    k.dtype = dtype;
    return AWL_OK;
}

}  // namespace awl
