// Contract of sample: a plain implementation in float64 that sorts, and the same answers wherever a draw does not lie
// within rounding of a border.
#include <algorithm>
#include <numeric>

#include "harness.h"

namespace {

struct Settings {
    double temperature, top_k, top_p, min_p;
};

const Settings all_settings[] = {{1, 0, 1, 0},        {0.7, 0, 1, 0},   {2, 5, 1, 0},     {1, 1, 1, 0},
                                 {1, 0, 0.9, 0},      {1, 0, 0.1, 0},   {0.5, 0, 1, 0.1}, {1, 0, 1e-9, 0},
                                 {1.3, 40, 0.8, 0.05}, {1, 100000, 0.999, 0}, {0.01, 0, 1, 0},  {1, 3, 0.5, 1},
                                 {1e-310, 0, 1, 0},   {1e300, 0, 0.9, 0}};

// Ids in order and their masses, after top-k, top-p and min-p.
struct Allowed {
    std::vector<int64_t> ids;
    std::vector<double> mass;
    double total = 0;
};

Allowed allowed(const std::vector<double> &z, const Settings &s, double top_p) {
    std::vector<int64_t> order(z.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return z[a] > z[b]; });
    const auto mass = [&](int64_t i) { return exp((z[i] - z[order[0]]) / fmax(s.temperature, 1e-300)); };
    size_t count = z.size();
    if (s.top_k > 0 && s.top_k < (double)count) {
        const double kth = z[order[(size_t)s.top_k - 1]];
        for (count = (size_t)s.top_k; count < z.size() && z[order[count]] == kth;) count++;
    }
    if (top_p < 1) {
        double total = 0, sum = 0;
        for (size_t n = 0; n < count; n++) total += mass(order[n]);
        size_t n = 0;
        for (; n < count && (n == 0 || sum < top_p * total); n++) sum += mass(order[n]);
        count = n;
    }
    while (count > 1 && mass(order[count - 1]) < s.min_p) count--;
    Allowed found;
    found.ids.assign(order.begin(), order.begin() + (long)count);
    std::sort(found.ids.begin(), found.ids.end());
    for (int64_t id : found.ids) found.mass.push_back(mass(id)), found.total += mass(id);
    return found;
}

int64_t draw(const Allowed &from, double target) {
    double sum = 0;
    int64_t last = from.ids[0];
    for (size_t n = 0; n < from.ids.size(); n++) {
        if (!(from.mass[n] > 0)) continue;
        sum += from.mass[n];
        last = from.ids[n];
        if (sum > target) break;
    }
    return last;
}

int64_t exact = 0, close_calls = 0;

// grid > 0 rounds logits to multiples of it, as bfloat16 logits have many equals.
void contract(int64_t classes, int64_t pad, double scale, double grid) {
    const int64_t kinds = sizeof all_settings / sizeof *all_settings, draws = classes > 10000 ? 1 : 6;
    const int64_t rows = kinds * draws, pitch = classes + pad;
    const std::string name = std::to_string(classes) + " classes, scale " + std::to_string(scale);
    std::mt19937 random((unsigned)(classes * 7 + grid * 100));
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform01;
    Buffer<float> logits(rows * pitch - pad), log_prob(rows);
    Buffer<double> settings(rows * 4), uniform(rows);
    Buffer<int64_t> id(rows);
    for (int64_t i = 0; i < logits.size(); i++) {
        const double z = scale * normal(random);
        logits[i] = (float)(grid > 0 ? grid * round(z / grid) : z);
    }
    for (int64_t row = 0; row < rows; row++) {
        const Settings &s = all_settings[row % kinds];
        const double values[4] = {s.temperature, s.top_k, s.top_p, s.min_p};
        for (int i = 0; i < 4; i++) settings[row * 4 + i] = values[i];
        uniform[row] = row < kinds ? 0 : row < 2 * kinds ? 1 - 0x1p-53 : uniform01(random);
    }
    logits.upload(), settings.upload(), uniform.upload();
    awl_tensor tz = logits.view({rows, classes}), ts = settings.view({rows, 4}), tu = uniform.view({rows});
    awl_tensor ti = id.view({rows}), tl = log_prob.view({rows});
    tz.stride[0] = pitch;
    expect(awl_sample(&tz, &ts, &tu, &ti, &tl, nullptr) == AWL_OK, name + ": " + awl_last_error());
    id.download(), log_prob.download();
    std::vector<int64_t> first(rows);
    for (int64_t row = 0; row < rows; row++) {
        const Settings &s = all_settings[row % kinds];
        std::vector<double> z(classes);
        for (int64_t i = 0; i < classes; i++) z[i] = logits.at(row * pitch + i);
        const int64_t chosen = first[row] = id[row];
        const std::string which = name + ", settings " + std::to_string(row % kinds) + ", draw " + std::to_string(row / kinds);
        expect(chosen >= 0 && chosen < classes, which + ": an id");
        if (chosen < 0 || chosen >= classes) continue;
        const double most = *std::max_element(z.begin(), z.end());
        double sum = 0;
        for (double v : z) sum += exp(v - most);
        expect(fabs(log_prob[row] - (z[chosen] - most - log(sum))) <= 1e-6 * (1 + fabs(z[chosen] - most)), which + ": log p");
        // A border or a draw within rounding may fall on either side, but no further.
        const double slack = 1e-5;
        const Allowed fewer = allowed(z, s, s.top_p < 1 ? s.top_p * (1 - slack) : 1);
        const Allowed more = allowed(z, s, s.top_p < 1 ? fmin(s.top_p * (1 + slack), 1) : 1);
        expect(std::binary_search(more.ids.begin(), more.ids.end(), chosen), which + ": an allowed id");
        const double u = uniform[row];
        const int64_t low = draw(fewer, fewer.total * (u - slack)), high = draw(fewer, fewer.total * (u + slack));
        if (fewer.ids.size() == more.ids.size() && low == high)
            expect(chosen == low, which + ": expected " + std::to_string(low) + ", got " + std::to_string(chosen)), exact++;
        else
            close_calls++;
    }
    awl_set_threads(3);
    expect(awl_sample(&tz, &ts, &tu, &ti, &tl, nullptr) == AWL_OK, name + " on three threads");
    awl_set_threads(1);
    id.download();
    for (int64_t row = 0; row < rows; row++) expect(id[row] == first[row], name + " repeats");
}

void greedy_and_special_rows() {
    const int64_t v = 300;
    Buffer<float> z(5 * v), log_prob(5);
    Buffer<double> settings(20), uniform(5);
    Buffer<int64_t> id(5);
    for (int64_t i = 0; i < 5 * v; i++) z[i] = (float)(i % 7) - 3;
    z[17] = z[250] = 9;                                  // greedy: the lower id
    z[v + 100] = NAN, z[2 * v + 1] = INFINITY;           // no answer
    for (int64_t i = 0; i < v; i++) z[3 * v + i] = -INFINITY;
    z[3 * v + 299] = -5;                                 // the only one there is
    for (int64_t row = 0; row < 5; row++) {
        const double values[4] = {row == 0 || row == 1 ? 0.0 : 1.0, 0, row == 4 ? 2.0 : 0.5, 0};
        for (int i = 0; i < 4; i++) settings[row * 4 + i] = values[i];
        uniform[row] = 0.75;
    }
    z.upload(), settings.upload(), uniform.upload();
    awl_tensor tz = z.view({5, v}), ts = settings.view({5, 4}), tu = uniform.view({5}), ti = id.view({5}), tl = log_prob.view({5});
    expect(awl_sample(&tz, &ts, &tu, &ti, &tl, nullptr) == AWL_OK, awl_last_error());
    id.download(), log_prob.download();
    expect(id[0] == 17, "greedy takes the lowest id of the largest");
    expect(id[1] == -1 && isnan(log_prob[1]), "a NaN among the logits gives no answer");
    expect(id[2] == -1 && isnan(log_prob[2]), "an infinite logit gives no answer");
    expect(id[3] == 299 && log_prob[3] == 0, "what is ruled out is never drawn");
    expect(id[4] == -1 && isnan(log_prob[4]), "settings out of bounds give no answer");
}

void refuses() {
    Buffer<float> z(6), log_prob(2);
    Buffer<double> settings(8), uniform(2);
    Buffer<int64_t> id(2);
    awl_tensor tz = z.view({2, 3}), ts = settings.view({2, 3}), tu = uniform.view({2}), ti = id.view({2}), tl = log_prob.view({2});
    expect(awl_sample(&tz, &ts, &tu, &ti, &tl, nullptr) == AWL_BAD_ARGUMENT, "settings of another width");
    ts = settings.view({2, 4});
    tz = z.view({2, 0});
    expect(awl_sample(&tz, &ts, &tu, &ti, &tl, nullptr) == AWL_BAD_ARGUMENT, "no classes");
    tz = z.view({0, 3}), ts = settings.view({0, 4}), tu = uniform.view({0}), ti = id.view({0}), tl = log_prob.view({0});
    expect(awl_sample(&tz, &ts, &tu, &ti, &tl, nullptr) == AWL_OK, "no rows");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    contract(1, 0, 1, 0);
    contract(2, 3, 1, 0);
    contract(33, 0, 2, 0);
    contract(1000, 1, 3, 0);
    contract(1000, 0, 3, 0.5);
    contract(777, 0, 0, 0);  // all equal
    contract(3000, 0, 40, 0);
    contract(50257, 0, 4, 0.125);
    greedy_and_special_rows();
    refuses();
    printf("%lld draws compared exactly, %lld within rounding of a border\n", (long long)exact, (long long)close_calls);
    expect(close_calls * 5 < exact, "few draws lie close to a border");
    return report("sample");
}
