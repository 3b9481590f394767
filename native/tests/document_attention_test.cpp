// Contract of document_attention and its backward against float64.
#include "harness.h"

namespace {

struct Case {
    int64_t heads, kv_heads, width, window;
    double soft_cap;
    std::vector<int64_t> lengths;
};

const Case cases[] = {{1, 1, 1, 0, 0, {1}},
                      {2, 2, 8, 0, 0, {0, 5, 0, 17, 1, 0}},
                      {4, 4, 32, 0, 0, {31, 32, 33, 47, 48, 49, 7}},
                      {9, 3, 64, 0, 0, {100, 3, 65}},
                      {4, 2, 33, 0, 20, {70, 12}},
                      {3, 1, 20, 7, 0, {6, 7, 8, 120}},
                      {2, 1, 16, 40, 3, {150, 210}},
                      {2, 2, 100, 1, 0, {20}},
                      {2, 2, 24, 0, 0, {450}},
                      {2, 1, 24, 100, 0, {450, 10}}};

template <class T>
struct Run {
    int64_t n, h, kh, e, columns;
    Buffer<T> projected, gradient, out, below;
    Buffer<float> log_sum_exp, workspace;
    Buffer<int64_t> start;

    Run(const Case &c, int64_t rows, int64_t longest, int64_t threads)
        : n(rows), h(c.heads), kh(c.kv_heads), e(c.width), columns((h + 2 * kh) * e), projected(n * columns),
          gradient(n * h * e), out(n * h * e), below(n * columns), log_sum_exp(h * n),
          workspace(threads * AWL_ATTENTION_SPACE(longest, e)), start((int64_t)c.lengths.size() + 1) {
        int64_t at = 0;
        start[0] = 0;
        for (size_t d = 0; d < c.lengths.size(); d++) start[d + 1] = at += c.lengths[d];
        for (int64_t i = 0; i < workspace.size(); i++) workspace[i] = NAN;  // nothing may be expected of it
    }

    int32_t forward(const Case &c) {
        projected.upload(), start.upload();
        awl_tensor tp = projected.view({n, columns}), ts = start.view({start.size()}), to = out.view({n, h * e});
        awl_tensor tl = log_sum_exp.view({h, n}), tw = workspace.view({workspace.size()});
        const int32_t status = awl_document_attention(&tp, &ts, &to, &tl, &tw, 0.4 / sqrt((double)e) + 0.1, c.soft_cap, c.window,
                                                      nullptr);
        out.download(), log_sum_exp.download();
        return status;
    }

    int32_t backward(const Case &c) {
        gradient.upload();
        awl_tensor tg = gradient.view({n, h * e}), tp = projected.view({n, columns}), ts = start.view({start.size()});
        awl_tensor to = out.view({n, h * e}), tl = log_sum_exp.view({h, n}), tb = below.view({n, columns});
        awl_tensor tw = workspace.view({workspace.size()});
        const int32_t status = awl_document_attention_backward(&tg, &tp, &ts, &to, &tl, &tb, &tw,
                                                               0.4 / sqrt((double)e) + 0.1, c.soft_cap, c.window, nullptr);
        below.download();
        return status;
    }
};

// Results are within `most` of float64's on the same numbers.
template <class T>
void contract(const Case &c, int64_t threads, double most_error) {
    int64_t n = 0, longest = 0;
    for (const int64_t length : c.lengths) n += length, longest = length > longest ? length : longest;
    Run<T> run(c, n, longest, threads);
    const int64_t h = c.heads, kh = c.kv_heads, e = c.width, columns = run.columns;
    const std::string name = (sizeof(T) == 2 ? "bf16 " : "") + std::to_string(h) + "/" + std::to_string(kh) + "x" + std::to_string(e) + " of " + std::to_string(n);
    std::mt19937 random(17);
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < n * columns; i++) narrow(normal(random), run.projected[i]), narrow(NAN, run.below[i]);
    for (int64_t i = 0; i < n * h * e; i++) narrow(normal(random), run.gradient[i]), narrow(NAN, run.out[i]);
    expect(run.forward(c) == AWL_OK, name + ": " + awl_last_error());
    expect(run.backward(c) == AWL_OK, name + ": " + awl_last_error());
    const double scale = 0.4 / sqrt((double)e) + 0.1;
    std::vector<double> below(n * columns);
    double worst = 0, worst_sum = 0;
    for (size_t d = 0; d < c.lengths.size(); d++) {
        const int64_t begin = run.start[d];
        for (int64_t q = begin; q < run.start[d + 1]; q++) {
            for (int64_t head = 0; head < h; head++) {
                const int64_t first = c.window > 0 && q - begin + 1 > c.window ? q + 1 - c.window : begin;
                const int64_t key = (h + head / (h / kh)) * e, value = key + kh * e;
                std::vector<double> p, slope, dp;
                double most = -1e300, total = 0, mean = 0;
                for (int64_t t = first; t <= q; t++) {
                    double z = 0;
                    for (int64_t i = 0; i < e; i++)
                        z += run.projected.at(q * columns + head * e + i) * run.projected.at(t * columns + key + i);
                    z *= scale;
                    const double squashed = c.soft_cap > 0 ? tanh(z / c.soft_cap) : 0;
                    p.push_back(c.soft_cap > 0 ? squashed * c.soft_cap : z);
                    slope.push_back(1 - squashed * squashed);
                    most = fmax(most, p.back());
                }
                for (double &z : p) total += z = exp(z - most);
                worst_sum = fmax(worst_sum, fabs(run.log_sum_exp.at(head * n + q) - most - log(total)));
                for (int64_t i = 0; i < e; i++) {
                    double sum = 0;
                    for (int64_t t = first; t <= q; t++) sum += p[t - first] / total * run.projected.at(t * columns + value + i);
                    worst = fmax(worst, fabs(run.out.at((q * h + head) * e + i) - sum) / (0.1 + fabs(sum)));
                }
                for (int64_t t = first; t <= q; t++) {
                    double sum = 0;
                    for (int64_t i = 0; i < e; i++)
                        sum += run.gradient.at((q * h + head) * e + i) * run.projected.at(t * columns + value + i);
                    dp.push_back(sum);
                    mean += sum * p[t - first] / total;
                }
                for (int64_t t = first; t <= q; t++) {
                    const double probability = p[t - first] / total;
                    const double dz = probability * (dp[t - first] - mean) * slope[t - first] * scale;
                    for (int64_t i = 0; i < e; i++) {
                        below[q * columns + head * e + i] += dz * run.projected.at(t * columns + key + i);
                        below[t * columns + key + i] += dz * run.projected.at(q * columns + head * e + i);
                        below[t * columns + value + i] += probability * run.gradient.at((q * h + head) * e + i);
                    }
                }
            }
        }
    }
    expect(worst <= most_error, name + ": error " + std::to_string(worst));
    expect(worst_sum <= 2e-5, name + " log_sum_exp: error " + std::to_string(worst_sum));
    worst = 0;
    for (int64_t i = 0; i < n * columns; i++) worst = fmax(worst, fabs(run.below.at(i) - below[i]) / (1 + fabs(below[i])));
    expect(worst <= most_error, name + " gradient: error " + std::to_string(worst));
}

// The same bits alone and beside others; a NaN stays in its document.
void documents_are_apart() {
    const Case both{3, 1, 20, 0, 0, {60, 33}}, second{3, 1, 20, 0, 0, {33}};
    Run<float> a(both, 93, 60, 2), b(second, 33, 33, 1);
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < 93 * a.columns; i++) a.projected[i] = normal(random);
    for (int64_t i = 0; i < 93 * 60; i++) a.gradient[i] = normal(random);
    for (int64_t i = 0; i < 33 * a.columns; i++) b.projected[i] = a.projected[60 * a.columns + i];
    for (int64_t i = 0; i < 33 * 60; i++) b.gradient[i] = a.gradient[60 * 60 + i];
    a.projected[10 * a.columns + 3] = NAN;
    expect(a.forward(both) == AWL_OK && a.backward(both) == AWL_OK, awl_last_error());
    expect(b.forward(second) == AWL_OK && b.backward(second) == AWL_OK, awl_last_error());
    bool same = true;
    for (int64_t i = 0; i < 33 * 60; i++) same = same && a.out[60 * 60 + i] == b.out[i];
    for (int64_t i = 0; i < 33 * a.columns; i++) same = same && a.below[60 * a.columns + i] == b.below[i];
    expect(same, "a document has the same bits alone and beside one with a NaN");
    expect(isnan(a.out[10 * 60]), "the NaN reaches its own token");
}

void refuses() {
    const Case c{2, 1, 4, 0, 0, {3, 2}};
    Run<float> run(c, 5, 3, 1);
    for (int64_t i = 0; i < 5 * run.columns; i++) run.projected[i] = 1;
    expect(run.forward(c) == AWL_OK, awl_last_error());
    run.start[1] = 6;
    expect(run.forward(c) == AWL_BAD_ARGUMENT, "rows that do not rise are refused");
    run.start[1] = 3, run.start[2] = 4;
    expect(run.forward(c) == AWL_BAD_ARGUMENT, "rows of no document are refused");
    run.start[2] = 5;
    const Case longer{2, 1, 4, 0, 0, {300}};
    Run<float> small(longer, 300, 3, 1);
    for (int64_t i = 0; i < 300 * small.columns; i++) small.projected[i] = 1;
    expect(small.forward(longer) == AWL_BAD_ARGUMENT, "too little space is refused");
    const Case none{2, 1, 4, 0, 0, {}};
    Run<float> empty(none, 0, 0, 1);
    expect(empty.forward(none) == AWL_OK && empty.backward(none) == AWL_OK, "no document at all is fine");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    for (int threads = 1; threads <= 3; threads += 2) {
        awl_set_threads(threads);
        each_instruction_set([&] {
            for (const Case &c : cases) contract<float>(c, threads, 2e-5), contract<Bf16>(c, threads, 2e-2);
            documents_are_apart();
            refuses();
        });
        awl_limit_instruction_set(99);
    }
    return report("document_attention");
}
