// AdamW (Loshchilov and Hutter 2019) of many tensors: a block takes a piece of one, what it reads is read once and what it
// writes was read before, so that the step runs at the speed of memory. Divisor and skip stay on the device.
#include "adamw.h"

#include "device.h"
#include "primitives/pieces.cuh"
#include "primitives/storage.cuh"

namespace awl {
namespace {

constexpr int threads = 512;

struct Entry {
    void *value;
    const float *gradient;
    float *first, *second;
    bf16 *rounded;  // null where there is no rounded copy
    int64_t elements, first_piece;
    float keep;  // what decay leaves of a value
    bool halves, wide;
};

struct Rule {
    const float *divisor, *skip;
    float take1, beta2, take2, step, inverse_root, epsilon;
    int64_t seed;
};

constexpr int most = 48;  // 48 entries of 72 bytes lie in the 4 KiB that every launch can take
using Batch = Pieces<Entry, most>;
static_assert(sizeof(Batch) + sizeof(Rule) <= 4096, "arguments of a launch");

// 32 random bits of a counter ("lowbias32", Wellons 2018).
__device__ inline uint32_t random(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// Rounds up with the probability of the part cut off, so that its expectation is the value; a NaN stays one.
__device__ inline bf16 stochastic(float v, uint32_t counter) {
    const uint32_t bits = __float_as_uint(v);
    return {(uint16_t)(v == v ? (bits + (random(counter) >> 16)) >> 16 : bits >> 16 | 0x40u)};
}

// Elements i to i + n of a piece that begins at `begin`.
template <int n, class T>
__device__ inline void update(const Entry &k, const Rule &rule, float divisor, int64_t at, uint32_t counter) {
    float value[n], g[n], first[n], second[n];
    load<n>((const T *)k.value + at, value);
    load<n>(k.gradient + at, g);
    load<n>(k.first + at, first);
    load<n>(k.second + at, second);
    for (int j = 0; j < n; j++) {
        g[j] /= divisor;
        first[j] += rule.take1 * (g[j] - first[j]);
        second[j] = rule.beta2 * second[j] + rule.take2 * (g[j] * g[j]);
        value[j] = k.keep * value[j] - rule.step * (first[j] / (sqrtf(second[j]) * rule.inverse_root + rule.epsilon));
    }
    store<n>(k.first + at, first);
    store<n>(k.second + at, second);
    if constexpr (sizeof(T) == 2) {
        Pack<bf16, n> rounded;
        for (int j = 0; j < n; j++) rounded.at[j] = stochastic(value[j], counter + (uint32_t)j);
        *reinterpret_cast<Pack<bf16, n> *>((bf16 *)k.value + at) = rounded;
    } else {
        store<n>((float *)k.value + at, value);
        if (k.rounded) store<n>(k.rounded + at, value);
    }
}

template <class T>
__device__ void piece(const Entry &k, const Rule &rule, int64_t begin, uint32_t key) {
    const float divisor = *rule.divisor;
    const int64_t rest = k.elements - begin, count = rest < adamw_piece_length ? rest : adamw_piece_length;
    const int64_t whole = k.wide ? count - count % 4 : 0;
    for (int64_t i = threadIdx.x * 4; i < whole; i += threads * 4)
        update<4, T>(k, rule, divisor, begin + i, key + (uint32_t)i);
    for (int64_t i = whole + threadIdx.x; i < count; i += threads)
        update<1, T>(k, rule, divisor, begin + i, key + (uint32_t)i);
}

__global__ void __launch_bounds__(threads) adamw_step(Batch batch, Rule rule) {
    if (*rule.skip == 1) return;
    int64_t begin;
    const Entry &k = batch.entry(adamw_piece_length, begin);
    const uint32_t key = adamw_key(rule.seed, batch.piece_before + blockIdx.x);
    if (k.halves)
        piece<bf16>(k, rule, begin, key);
    else
        piece<float>(k, rule, begin, key);
}

void *address(const awl_tensor *t) { return absent(t) ? nullptr : t->data; }

}  // namespace
}  // namespace awl

extern "C" int32_t awl_adamw(awl_tensor *tensors, const double *decay, int64_t count, const awl_tensor *divisor,
                             const awl_tensor *skip, double rate, double beta1, double beta2, double epsilon,
                             double correction1, double correction2, int64_t seed, void *stream) {
    awl::clear_error();
    AWL_TRY(awl::check_adamw(AWL_CUDA, tensors, decay, count, divisor, skip));
    const awl::Rule rule{(const float *)divisor->data,
                         (const float *)skip->data,
                         (float)(1 - beta1),
                         (float)beta2,
                         (float)(1 - beta2),
                         (float)(rate / correction1),
                         (float)(1 / sqrt(correction2)),
                         (float)epsilon,
                         seed};
    awl::each_batch<awl::most, awl::Entry>(
        count, awl::adamw_piece_length,
        [&](int64_t i, awl::Entry &entry) {
            const awl_tensor *t = tensors + 5 * i;
            bool wide = true;
            for (int view = 0; view < 5; view++) wide = wide && (uintptr_t)awl::address(t + view) % 16 == 0;
            entry.value = t[0].data, entry.gradient = (const float *)t[1].data;
            entry.first = (float *)t[2].data, entry.second = (float *)t[3].data;
            entry.rounded = (awl::bf16 *)awl::address(t + 4);
            entry.elements = awl::elements(t), entry.keep = (float)(1 - rate * decay[i]);
            entry.halves = t->dtype == AWL_BF16, entry.wide = wide;
        },
        [&](const awl::Batch &batch, int64_t blocks) {
            awl::launch(awl::adamw_step, (unsigned)blocks, awl::threads, 0, (cudaStream_t)stream, batch, rule);
        });
    return awl::launched("adamw");
}
