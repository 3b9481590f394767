// Dropout by a counter: each number's fate is a hash of its row's key and its column, so nothing is stored for the
// backward pass, which asks again.
#include "dropout.h"
#include "isa.h"

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

template <class T>
static void drop(const Dropout &k, int64_t begin, int64_t end) {
    const int64_t whole = k.columns - k.columns % lanes, rest = k.columns - whole;
    u32 places, threshold;
    for (int i = 0; i < lanes; i++) places[i] = (uint32_t)i, threshold[i] = k.threshold;
    for (int64_t n = begin; n < end; n++) {
        const T *x = (const T *)k.x + n * k.x_stride;
        T *out = (T *)k.out + n * k.out_stride;
        const DropoutRow row = dropout_row(k.key[n], k.stream);
        const auto kept = [&](int64_t at, f32 v) {
            const i32 stays = dropout_bits(row, places + (uint32_t)at) >= threshold;
            return (f32)((i32)(v * k.scale) & stays);
        };
        for (int64_t i = 0; i < whole; i += lanes) store(out + i, kept(i, load(x + i)));
        if (rest) store_part(out + whole, rest, kept(whole, load_part(x + whole, rest, 0)));
    }
}

void dropout_rows(const Dropout &k, int32_t dtype, int64_t begin, int64_t end) {
    if (dtype == AWL_BF16)
        drop<bf16>(k, begin, end);
    else
        drop<float>(k, begin, end);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void dropout_rows(const Dropout &, int32_t, int64_t, int64_t))

extern "C" int32_t awl_dropout(const awl_tensor *x, const awl_tensor *key, awl_tensor *out, double share, int64_t place,
                               void *) {
    awl::clear_error();
    awl::Dropout k;
    AWL_TRY(awl::check_dropout(AWL_CPU, x, key, out, share, place, k));
    awl::parallel(x->size[0], 1 + 16384 / (k.columns + 1), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(dropout_rows)(k, x->dtype, begin, end);
    });
    return AWL_OK;
}

#endif
