// The next token of each row of logits: one block a row, nothing stored but the answer. The borders of top-k and top-p
// are found by descending through the digits of the ordered bit patterns, with a histogram of counts or of masses for
// each digit; the draw by summing eight parts of the row, then eight of the part it fell in, and so on.
//
// Histograms have a column for every thread, so that sums have an order and nothing needs atomics.
#include "device.h"
#include "primitives/block_sum.cuh"
#include "primitives/storage.cuh"
#include "sample.h"

namespace awl {
namespace {

constexpr int threads = 256;
constexpr int warps = threads / 32;
constexpr int digits = 16;  // of four bits

struct Row {
    const float *logits;
    int64_t classes;
    double maximum, per_temperature, minimum_mass;
    float floor;             // top-k's border: smaller logits are out
    uint32_t border;         // top-p's border: smaller patterns are out,
    int64_t equals_allowed;  // and of equal ones the first so many stay
    double border_mass;
};

__device__ inline double mass(const Row &k, float z) {
    return (double)expf((float)((z - k.maximum) * k.per_temperature));
}

// Bit patterns that are ordered as the numbers are.
__device__ inline uint32_t ordered(float z) {
    const uint32_t bits = __float_as_uint(z + 0.f);  // -0 becomes 0
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

struct Histogram {
    double of_thread[digits][threads];
    double of_digit[digits];
};

// The pattern at which the weights of larger ones reach `wanted`; `above` becomes the weight of those strictly larger.
template <class Weight>
__device__ uint32_t descend(const Row &k, Histogram &histogram, double wanted, double &above, const Weight &weight) {
    uint32_t prefix = 0;
    above = 0;
    for (int shift = 28; shift >= 0; shift -= 4) {
        for (int d = 0; d < digits; d++) histogram.of_thread[d][threadIdx.x] = 0;
        for (int64_t i = threadIdx.x; i < k.classes; i += threads) {
            const float z = k.logits[i];
            const uint32_t bits = ordered(z);
            if (z >= k.floor && (shift == 28 || bits >> (shift + 4) == prefix))
                histogram.of_thread[bits >> shift & 15][threadIdx.x] += weight(z);
        }
        __syncthreads();
        for (int d = (int)threadIdx.x / 32; d < digits; d += warps) {
            double sum = 0;
            for (int i = (int)threadIdx.x % 32; i < threads; i += 32) sum += histogram.of_thread[d][i];
            for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
            if (threadIdx.x % 32 == 0) histogram.of_digit[d] = sum;
        }
        __syncthreads();
        int chosen = -1;
        double larger = above;
        for (int d = digits - 1; d >= 0; d--) {
            if (histogram.of_digit[d] == 0) continue;
            // The last one with any weight is taken where rounding kept the sum from reaching what is wanted.
            chosen = d, larger = above;
            if (above + histogram.of_digit[d] >= wanted) break;
            above += histogram.of_digit[d];
        }
        above = larger;
        prefix = prefix << 4 | (uint32_t)(chosen < 0 ? 0 : chosen);
        __syncthreads();
    }
    return prefix;
}

// What of the row between two ids may be drawn: the mass of those above the border, and how many lie on it.
struct Part {
    double mass;
    int64_t equals;
};

__device__ inline void count(const Row &k, float z, Part &part) {
    const uint32_t bits = ordered(z);
    if (z < k.floor || bits < k.border) return;
    if (bits == k.border) {
        part.equals++;
        return;
    }
    const double m = mass(k, z);
    if (m >= k.minimum_mass) part.mass += m;
}

__device__ inline double drawn_mass(const Row &k, const Part &part, int64_t equals_before) {
    const int64_t left = k.equals_allowed - equals_before;
    const int64_t equals = left < 0 ? 0 : left < part.equals ? left : part.equals;
    return part.mass + equals * k.border_mass;
}

// The id at which the masses in order of id exceed uniform * total.
__device__ int64_t draw(const Row &k, double uniform) {
    __shared__ Part parts[warps];
    int64_t begin = 0, end = k.classes, equals_before = 0;
    double target = -1;
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    while (end - begin > 1) {
        const int64_t size = end - begin;
        Part mine{0, 0};
        for (int64_t i = begin + size * warp / warps + lane; i < begin + size * (warp + 1) / warps; i += 32)
            count(k, k.logits[i], mine);
        for (int step = 16; step > 0; step /= 2) {
            mine.mass += __shfl_xor_sync(0xffffffffu, mine.mass, step);
            mine.equals += __shfl_xor_sync(0xffffffffu, mine.equals, step);
        }
        if (lane == 0) parts[warp] = mine;
        __syncthreads();
        if (target < 0) {
            double total = 0;
            for (int64_t w = 0, before = 0; w < warps; before += parts[w++].equals)
                total += drawn_mass(k, parts[w], before);
            target = uniform * total;
        }
        // The last part with any mass is taken where rounding kept the sum from exceeding the target.
        int64_t chosen = 0, before = equals_before, chosen_before = equals_before;
        double sum = 0, sum_before = 0;
        for (int w = 0; w < warps; before += parts[w++].equals) {
            const double m = drawn_mass(k, parts[w], before);
            if (m <= 0) continue;
            chosen = w, chosen_before = before, sum_before = sum;
            sum += m;
            if (sum > target) break;
        }
        target -= sum_before;
        target = target < 0 ? 0 : target;
        equals_before = chosen_before;
        const int64_t from = begin;
        begin = from + size * chosen / warps;
        end = from + size * (chosen + 1) / warps;
        __syncthreads();
    }
    return begin;
}

__global__ void __launch_bounds__(threads)
    sample_rows(const float *logits, int64_t pitch, int64_t classes, const double *settings, const double *uniform,
                int64_t *id, float *log_prob) {
    __shared__ Histogram histogram;
    const int64_t row = blockIdx.x;
    Row k{logits + row * pitch, classes, 0, 1, 0, -INFINITY, 0, 0, 0};
    float most = -INFINITY;
    for (int64_t i = threadIdx.x; i < classes; i += threads) most = k.logits[i] > most ? k.logits[i] : most;
    k.maximum = block_max<threads>(most);
    double sum = 0;
    for (int64_t i = threadIdx.x; i < classes; i += threads) sum += mass(k, k.logits[i]);
    const double log_sum_exp = k.maximum + log(block_sum<threads>(sum));
    const SampleSettings s = sample_settings(settings + row * 4);
    if (!isfinite(log_sum_exp) || !s.valid) {
        if (threadIdx.x == 0) id[row] = -1, log_prob[row] = NAN;
        return;
    }
    int64_t chosen = classes;
    if (s.temperature == 0) {
        for (int64_t i = threadIdx.x; i < classes; i += threads)
            if (k.logits[i] == k.maximum && i < chosen) chosen = i;
        chosen = -block_max<threads>(-chosen);
    } else {
        double above = 0;
        k.per_temperature = 1 / fmax(s.temperature, least_temperature);
        if (s.top_k > 0 && s.top_k < classes) {
            const uint32_t bits = descend(k, histogram, (double)s.top_k, above, [](float) { return 1.0; });
            k.floor = __uint_as_float(bits & 0x80000000u ? bits & 0x7fffffffu : ~bits);
        }
        if (s.top_p < 1) {
            double total = 0;
            for (int64_t i = threadIdx.x; i < classes; i += threads)
                if (k.logits[i] >= k.floor) total += mass(k, k.logits[i]);
            const double wanted = s.top_p * block_sum<threads>(total);
            k.border = descend(k, histogram, wanted, above, [&](float z) { return mass(k, z); });
            const float z = __uint_as_float(k.border & 0x80000000u ? k.border & 0x7fffffffu : ~k.border);
            k.border_mass = mass(k, z);
            const double needed = ceil((wanted - above) / k.border_mass);
            k.equals_allowed = k.border_mass < s.min_p ? 0 : needed > 1 ? (int64_t)fmin(needed, (double)classes) : 1;
        }
        k.minimum_mass = s.min_p;
        chosen = draw(k, uniform[row]);
    }
    if (threadIdx.x == 0) {
        id[row] = chosen;
        log_prob[row] = (float)(k.logits[chosen] - log_sum_exp);
    }
}

}  // namespace
}  // namespace awl

extern "C" int32_t awl_sample(const awl_tensor *logits, const awl_tensor *settings, const awl_tensor *uniform,
                              awl_tensor *id, awl_tensor *log_prob, void *stream) {
    awl::clear_error();
    AWL_TRY(awl::check_sample(AWL_CUDA, logits, settings, uniform, id, log_prob));
    const int64_t rows = logits->size[0];
    AWL_TRY(awl::check_grid("sample", rows));
    if (rows == 0) return AWL_OK;
    awl::launch(awl::sample_rows, (unsigned)rows, awl::threads, 0, (cudaStream_t)stream, (const float *)logits->data,
                logits->stride[0], logits->size[1], (const double *)settings->data, (const double *)uniform->data,
                (int64_t *)id->data, (float *)log_prob->data);
    return awl::launched("sample");
}
