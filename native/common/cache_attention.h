// Arguments of cache_attention, checked and unpacked the same way on every device.
#pragma once

#include "awl/kernels.h"

namespace awl {

struct CacheAttention {
    void *projected;  // H queries, K keys, K values of E numbers a row
    const float *cosine, *sine;
    void *keys, *values;
    const int64_t *slot, *position;
    void *out;
    int64_t rows, slots, heads, kv_heads, width, rotated, capacity, projected_stride, out_stride, window;
    float scale, soft_cap;
    int32_t dtype;  // AWL_F32 or AWL_BF16: of projected, keys, values and out
};

constexpr int64_t cache_attention_widest = 512;

// All but the contents of slot and position, which may lie on a device.
int32_t check_cache_attention(int32_t device, const awl_tensor *projected, const awl_tensor *cosine, const awl_tensor *sine,
                              const awl_tensor *keys, const awl_tensor *values, const awl_tensor *slot,
                              const awl_tensor *position, const awl_tensor *out, double scale, double soft_cap,
                              int64_t window, CacheAttention &k);

}  // namespace awl
