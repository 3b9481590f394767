// AdamW (Loshchilov and Hutter 2019) of many tensors, one pass over each: what it reads is read once, what it writes
// was read before, so that the step runs at the speed of memory.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

// A tensor, or from `begin` on a piece of one.
struct AdamWPiece {
    void *value;
    const float *gradient;
    float *first, *second;
    void *rounded;  // null where there is no rounded copy
    int64_t elements;
    uint32_t key;  // of this piece's random bits
};

struct AdamWRule {
    float divisor, take1, beta2, take2, step, inverse_root, epsilon;
};

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

// The value after the step; the moments change in place. `keep` is what decay leaves of a value.
AWL_INLINE f32 next(const AdamWRule &k, float keep, f32 value, f32 gradient, f32 &first, f32 &second) {
    const f32 g = gradient / k.divisor;
    first += k.take1 * (g - first);
    second = k.beta2 * second + k.take2 * (g * g);
    return keep * value - k.step * (first / (sqrt(second) * k.inverse_root + k.epsilon));
}

// 32 random bits of a counter ("lowbias32", Wellons 2018).
AWL_INLINE u32 random(u32 x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// Rounds up with the probability of the part cut off, so that its expectation is the value; a NaN stays one.
AWL_INLINE u32 stochastic(f32 v, u32 counter) {
    const u32 bits = (u32)v;
    const u32 rounded = (bits + (random(counter) >> 16)) >> 16;
    return (v == v) ? rounded : (bits >> 16) | 0x40u;
}

template <bool rounds>
static void whole(const AdamWPiece &k, const AdamWRule &rule, float keep) {
    float *value = (float *)k.value;
    bf16 *rounded = (bf16 *)k.rounded;
    const int64_t whole = k.elements - k.elements % lanes, rest = k.elements - whole;
    for (int64_t i = 0; i < whole; i += lanes) {
        f32 first = load(k.first + i), second = load(k.second + i);
        const f32 v = next(rule, keep, load(value + i), load(k.gradient + i), first, second);
        store(k.first + i, first);
        store(k.second + i, second);
        store(value + i, v);
        if (rounds) store(rounded + i, v);
    }
    if (rest) {
        f32 first = load_part(k.first + whole, rest, 0), second = load_part(k.second + whole, rest, 0);
        const f32 v = next(rule, keep, load_part(value + whole, rest, 0), load_part(k.gradient + whole, rest, 0), first, second);
        store_part(k.first + whole, rest, first);
        store_part(k.second + whole, rest, second);
        store_part(value + whole, rest, v);
        if (rounds) store_part(rounded + whole, rest, v);
    }
}

// Values in bfloat16 alone.
static void halves(const AdamWPiece &k, const AdamWRule &rule, float keep) {
    bf16 *value = (bf16 *)k.value;
    u32 counter;
    for (int i = 0; i < lanes; i++) counter[i] = k.key + (uint32_t)i;
    for (int64_t i = 0; i < k.elements; i += lanes, counter += (uint32_t)lanes) {
        const int64_t n = k.elements - i < lanes ? k.elements - i : lanes;
        const bool all_of_it = n == lanes;
        f32 first = all_of_it ? load(k.first + i) : load_part(k.first + i, n, 0);
        f32 second = all_of_it ? load(k.second + i) : load_part(k.second + i, n, 0);
        const f32 before = all_of_it ? load(value + i) : load_part(value + i, n, 0);
        const f32 gradient = all_of_it ? load(k.gradient + i) : load_part(k.gradient + i, n, 0);
        bf16 after[lanes];
        store_half(after, stochastic(next(rule, keep, before, gradient, first, second), counter));
        memcpy(k.first + i, &first, n * sizeof(float));
        memcpy(k.second + i, &second, n * sizeof(float));
        memcpy(value + i, after, n * sizeof(bf16));
    }
}

void adamw_piece(const AdamWPiece &k, const AdamWRule &rule, float keep, int32_t dtype) {
    if (dtype == AWL_BF16)
        halves(k, rule, keep);
    else if (k.rounded)
        whole<true>(k, rule, keep);
    else
        whole<false>(k, rule, keep);
}

}  // namespace awl::AWL_ISA

#else

#include <math.h>

#include "adamw.h"
#include "pieces.h"
#include "status.h"

AWL_DECLARE(void adamw_piece(const AdamWPiece &, const AdamWRule &, float, int32_t))

namespace {

// A tensor's views, in the order of the array.
struct Slot {
    const awl_tensor *value, *gradient, *first, *second, *rounded;
};

Slot slot(const awl_tensor *tensors, int64_t i) {
    const awl_tensor *t = tensors + 5 * i;
    return {t, t + 1, t + 2, t + 3, t + 4};
}

}  // namespace

extern "C" int32_t awl_adamw(awl_tensor *tensors, const double *decay, int64_t count, const awl_tensor *divisor,
                             const awl_tensor *skip, double rate, double beta1, double beta2, double epsilon,
                             double correction1, double correction2, int64_t seed, void *) {
    awl::clear_error();
    AWL_TRY(awl::check_adamw(AWL_CPU, tensors, decay, count, divisor, skip));
    if (*(const float *)skip->data == 1) return AWL_OK;
    const awl::AdamWRule rule{*(const float *)divisor->data, (float)(1 - beta1), (float)beta2, (float)(1 - beta2),
                              (float)(rate / correction1), (float)(1 / sqrt(correction2)), (float)epsilon};
    awl::each_piece(
        count, awl::adamw_piece_length, [&](int64_t i) { return awl::elements(slot(tensors, i).value); },
        [&](int64_t piece, int64_t i, int64_t begin, int64_t end) {
            const Slot s = slot(tensors, i);
            const int64_t width = s.value->dtype == AWL_BF16 ? 2 : 4;
            const awl::AdamWPiece k{(char *)s.value->data + begin * width,
                                    (const float *)s.gradient->data + begin,
                                    (float *)s.first->data + begin,
                                    (float *)s.second->data + begin,
                                    awl::absent(s.rounded) ? nullptr : (uint16_t *)s.rounded->data + begin,
                                    end - begin,
                                    awl::adamw_key(seed, piece)};
            AWL_DISPATCH(adamw_piece)(k, rule, (float)(1 - rate * decay[i]), s.value->dtype);
        });
    return AWL_OK;
}

#endif
