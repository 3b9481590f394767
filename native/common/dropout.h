// Dropout's random numbers and arguments, the same on every device.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

#ifdef __CUDACC__
#define AWL_ANYWHERE __host__ __device__
#else
#define AWL_ANYWHERE
#endif

namespace awl {

// What a row's numbers are drawn from.
struct DropoutRow {
    uint32_t low, high;
};

// Spreads neighbouring keys over all bits: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
AWL_ANYWHERE inline DropoutRow dropout_row(int64_t key, int64_t stream) {
    uint64_t z = (uint64_t)key + (uint64_t)stream;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return {(uint32_t)z, (uint32_t)(z >> 32)};
}

// 32 random bits of a column: the integer hash of Wellons ("lowbias32"), both halves of the row's key in it. U is uint32_t
// or a vector of them.
template <class U>
AWL_ANYWHERE inline U dropout_bits(DropoutRow row, U column) {
    U h = column * 0x9e3779b9u + row.low;
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    h += row.high;
    h *= 0x846ca68bu;
    h ^= h >> 16;
    return h;
}

struct Dropout {
    const void *x;
    const int64_t *key;
    void *out;
    int64_t columns, x_stride, out_stride, stream;
    uint32_t threshold;  // bits below it drop
    float scale;
};

int32_t check_dropout(int32_t device, const awl_tensor *x, const awl_tensor *key, const awl_tensor *out, double share,
                      int64_t stream, Dropout &k);

}  // namespace awl
