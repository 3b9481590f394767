// The next token of each row of logits. The borders of top-k and top-p are found by descending through the digits of the
// ordered bit patterns, so that nothing is sorted and nothing allocated. One build for all instruction sets: its time
// goes into exp in double precision.
#ifndef AWL_ISA
#include "sample.h"

#include <math.h>
#include <string.h>

#include "parallel.h"
#include "status.h"

namespace awl {
namespace {

constexpr int bits_of_digit = 8;
constexpr int digits = 1 << bits_of_digit;

struct Row {
    const float *logits;
    int64_t classes;
    double maximum, per_temperature;
    float floor;  // top-k's border: smaller logits are out
};

double mass(const Row &k, float z) { return exp((z - k.maximum) * k.per_temperature); }

// Bit patterns that are ordered as the numbers are.
uint32_t ordered(float z) {
    z += 0.f;  // -0 becomes 0
    uint32_t bits;
    memcpy(&bits, &z, 4);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

float number(uint32_t pattern) {
    const uint32_t bits = pattern & 0x80000000u ? pattern & 0x7fffffffu : ~pattern;
    float z;
    memcpy(&z, &bits, 4);
    return z;
}

// The pattern at which the weights of larger ones reach `wanted`; `above` becomes the weight of those strictly larger.
template <class Weight>
uint32_t descend(const Row &k, double wanted, double &above, const Weight &weight) {
    uint32_t prefix = 0;
    above = 0;
    for (int shift = 32 - bits_of_digit; shift >= 0; shift -= bits_of_digit) {
        double histogram[digits] = {};
        for (int64_t i = 0; i < k.classes; i++) {
            const float z = k.logits[i];
            const uint64_t bits = ordered(z);
            if (z >= k.floor && bits >> (shift + bits_of_digit) == prefix) histogram[bits >> shift & (digits - 1)] += weight(z);
        }
        int chosen = 0;
        double larger = above;
        for (int d = digits - 1; d >= 0; d--) {
            if (histogram[d] == 0) continue;
            // The last one with any weight is taken where rounding kept the sum from reaching what is wanted.
            chosen = d, larger = above;
            if (above + histogram[d] >= wanted) break;
            above += histogram[d];
        }
        above = larger;
        prefix = prefix << bits_of_digit | (uint32_t)chosen;
    }
    return prefix;
}

int64_t draw(Row k, const SampleSettings &s, double uniform) {
    double above = 0;
    k.per_temperature = 1 / fmax(s.temperature, least_temperature);
    if (s.top_k > 0 && s.top_k < k.classes)
        k.floor = number(descend(k, (double)s.top_k, above, [](float) { return 1.0; }));
    uint32_t border = 0;
    int64_t equals_allowed = 0;
    if (s.top_p < 1) {
        double total = 0;
        for (int64_t i = 0; i < k.classes; i++)
            if (k.logits[i] >= k.floor) total += mass(k, k.logits[i]);
        const double wanted = s.top_p * total;
        border = descend(k, wanted, above, [&](float z) { return mass(k, z); });
        const double needed = ceil((wanted - above) / mass(k, number(border)));
        equals_allowed = needed > 1 ? (int64_t)fmin(needed, (double)k.classes) : 1;
    }
    // Once for the total, once to stop where the masses in order of id exceed the target.
    double target = INFINITY;
    int64_t last = 0;
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0;
        int64_t equals = 0;
        for (int64_t i = 0; i < k.classes && !(sum > target); i++) {
            const float z = k.logits[i];
            const uint32_t bits = ordered(z);
            if (z < k.floor || bits < border || (bits == border && equals++ >= equals_allowed)) continue;
            const double m = mass(k, z);
            if (m < s.min_p || !(m > 0)) continue;
            sum += m;
            last = i;
        }
        if (pass == 0) target = uniform * sum;
    }
    return last;
}

void sample_row(const float *logits, int64_t classes, const SampleSettings &s, double uniform, int64_t &id,
                float &log_prob) {
    Row k{logits, classes, -INFINITY, 1, -INFINITY};
    int64_t largest = 0;
    for (int64_t i = 0; i < classes; i++)
        if (logits[i] > k.maximum) k.maximum = logits[i], largest = i;
    double sum = 0;
    for (int64_t i = 0; i < classes; i++) sum += mass(k, logits[i]);
    const double log_sum_exp = k.maximum + log(sum);
    if (!isfinite(log_sum_exp) || !s.valid) {
        id = -1, log_prob = NAN;
        return;
    }
    id = s.temperature == 0 ? largest : draw(k, s, uniform);
    log_prob = (float)(logits[id] - log_sum_exp);
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_sample(const awl_tensor *logits, const awl_tensor *settings, const awl_tensor *uniform,
                              awl_tensor *id, awl_tensor *log_prob, void *) {
    awl::clear_error();
    AWL_TRY(awl::check_sample(AWL_CPU, logits, settings, uniform, id, log_prob));
    awl::parallel(logits->size[0], 1, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++)
            awl::sample_row((const float *)logits->data + row * logits->stride[0], logits->size[1],
                            awl::sample_settings((const double *)settings->data + row * 4),
                            ((const double *)uniform->data)[row], ((int64_t *)id->data)[row],
                            ((float *)log_prob->data)[row]);
    });
    return AWL_OK;
}

#endif
