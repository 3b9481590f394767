// Contract of the softmax_xent kernels against float64.
#include "harness.h"

namespace {

struct Case {
    int64_t rows, classes, pad;  // pad: elements between a row's end and the next row
    double scale, soft_cap;
};

const Case cases[] = {{1, 1, 0, 1, 0},      {1, 2, 0, 1, 0},     {3, 7, 0, 3, 0},       {2, 33, 5, 3, 0},
                      {5, 517, 3, 30, 0},   {4, 257, 0, 1e4, 0}, {3, 1000, 1, 1e-4, 0}, {2, 50257, 0, 5, 0},
                      {3, 333, 0, 60, 30},  {2, 65, 2, 1, 50},   {3, 640, 8, 4, 0},
                      {2, 512, 0, 9, 30},    {1, 151936, 0, 8, 30}, {0, 9, 0, 1, 0}};

// Error of one gradient entry: relative, with a floor where exp underflows float32.
bool close(double got, double want, double relative) { return fabs(got - want) <= relative * fabs(want) + 1e-37; }

// T: what logits and their gradient are stored in.
template <class T>
void contract(const Case &c) {
    const int64_t n = c.rows, v = c.classes, pitch = v + c.pad;
    const std::string name = std::to_string(n) + "x" + std::to_string(v) + " scale " + std::to_string(c.scale) +
                             (sizeof(T) == 2 ? " bf16" : "");
    const double rounding = sizeof(T) == 2 ? 1.0 / 256 : 0;
    std::mt19937 random(n * 100 + v);
    std::normal_distribution<float> normal;
    const int64_t cells = n ? n * pitch - c.pad : 0;
    Buffer<T> z(cells), kept(cells);
    Buffer<float> weights(n), log_prob(n);
    Buffer<double> log_sum_exp(n), maximum(n), sum(n), at_target(n);
    Buffer<int64_t> target(n);
    for (int64_t i = 0; i < cells; i++) narrow((float)(c.scale * normal(random)), kept[i]), z[i] = kept[i];
    for (int64_t row = 0; row < n; row++) {
        target[row] = row == 0 ? 0 : row == 1 ? v - 1 : (int64_t)(random() % v);
        weights[row] = row % 2 ? -0.75f : 1.25f;
        maximum[row] = -3.402823466e38;
        sum[row] = 0;
        at_target[row] = 0;
    }
    auto view = [&](Buffer<T> &b, int64_t first, int64_t count) {
        awl_tensor t = b.view({n, v}, first);
        t.size[1] = count;
        t.stride[0] = pitch;
        return t;
    };
    awl_tensor tz = view(z, 0, v), ty = target.view({n}), tw = weights.view({n}), tp = log_prob.view({n});
    awl_tensor tl = log_sum_exp.view({n}), none = no_tensor();
    z.upload(), target.upload(), weights.upload();
    expect(awl_softmax_xent_rows(&tz, &ty, &tw, &none, &tp, &tl, c.soft_cap, nullptr) == AWL_OK, name + ": " + awl_last_error());
    z.download(), log_prob.download(), log_sum_exp.download();

    std::vector<std::vector<double>> truth(n, std::vector<double>(v));
    for (int64_t row = 0; row < n; row++) {
        std::vector<double> capped(v);
        double most = -INFINITY, total = 0;
        for (int64_t i = 0; i < v; i++) {
            const double logit = kept.at(row * pitch + i);
            capped[i] = c.soft_cap > 0 ? c.soft_cap * tanh(logit / c.soft_cap) : logit;
            most = fmax(most, capped[i]);
        }
        for (int64_t i = 0; i < v; i++) total += exp(capped[i] - most);
        const double lse = most + log(total), log_p = (capped[target[row]] - most) - log(total);
        // A soft-cap rounds every logit once more, to float32 at magnitude `cap`.
        const double slack = c.soft_cap > 0 ? 4e-7 * c.soft_cap : 0;
        expect(fabs(log_sum_exp[row] - lse) <= 1e-7 * (1 + slack * 1e7), name + " log-sum-exp");
        expect(fabs(log_prob.at(row) - log_p) <= 2e-7 * (1 + fabs(log_p)) + slack, name + " log p");
        for (int64_t i = 0; i < v; i++) {
            const double t = c.soft_cap > 0 ? capped[i] / c.soft_cap : 0;
            const double p = exp(capped[i] - lse);
            truth[row][i] = weights[row] * (i == target[row] ? expm1(log_p) : p) * (1 - t * t);
            // z - maximum is rounded to float32: far from the maximum that is an error of the exponent.
            const double relative = rounding + 1e-6 + 1.2e-7 * (most - capped[i]) + 2 * slack + (c.soft_cap > 0 ? 4e-7 / fmax(1 - t * t, 1e-7) : 0);
            expect(close(z.at(row * pitch + i), truth[row][i], relative), [&] {
                return name + " row " + std::to_string(row) + " class " + std::to_string(i) + ": " +
                       std::to_string(z.at(row * pitch + i) / truth[row][i]) + " times " + std::to_string(truth[row][i]);
            });
        }
        for (int64_t i = v; i < pitch && row + 1 < n; i++)
            expect(z.at(row * pitch + i) == kept.at(row * pitch + i), name + " leaves what lies between rows");
    }

    // The same bits with other threads, the scores alone, and the way over pieces of the vocabulary.
    Buffer<T> again(cells);
    Buffer<float> scores(n);
    const auto restore = [&] {
        for (int64_t i = 0; i < cells; i++) again[i] = kept[i];
        again.upload();
    };
    restore();
    awl_tensor ta = view(again, 0, v), tq = scores.view({n});
    awl_set_threads(3);
    expect(awl_softmax_xent_rows(&ta, &ty, &tw, &none, &tq, &tl, c.soft_cap, nullptr) == AWL_OK, name);
    awl_set_threads(1);
    again.download();
    for (int64_t i = 0; i < cells; i++) expect(again.at(i) == z.at(i), [&] { return name + " repeats"; });
    restore();
    expect(awl_softmax_xent_rows(&ta, &ty, &none, &none, &tq, &tl, c.soft_cap, nullptr) == AWL_OK, name + " scores");
    scores.download(), again.download();
    for (int64_t i = 0; i < cells && c.soft_cap == 0; i++)
        expect(memcmp(&again[i], &kept[i], sizeof(T)) == 0, [&] { return name + " scoring leaves the logits"; });
    for (int64_t row = 0; row < n; row++) expect(fabs(scores[row] - log_prob[row]) <= 1e-6f * (1 + fabsf(scores[row])), name + " scores");

    for (int64_t piece : {int64_t(1), v / 3 + 1, v}) {
        if (v > (test_device == AWL_CPU ? 1000 : 100) && piece == 1) continue;  // launches are slow
        for (int64_t row = 0; row < n; row++) maximum[row] = -3.402823466e38, sum[row] = 0;
        awl_tensor tm = maximum.view({n}), ts = sum.view({n}), tt = at_target.view({n});
        restore();
        maximum.upload(), sum.upload(), at_target.upload();
        for (int64_t first = 0; first < v; first += piece) {
            awl_tensor t = view(again, first, first + piece <= v ? piece : v - first);
            expect(awl_softmax_xent_partial(&t, &ty, &tm, &ts, &tt, first, c.soft_cap, nullptr) == AWL_OK, awl_last_error());
        }
        maximum.download(), sum.download(), at_target.download();
        for (int64_t row = 0; row < n; row++) {
            const double lse = maximum[row] + log(sum[row]);
            expect(fabs(lse - log_sum_exp[row]) <= 3e-7, name + " pieces: log-sum-exp");
            log_sum_exp[row] = lse;
            log_prob[row] = (float)((at_target[row] - maximum[row]) - log(sum[row]));
        }
        restore();
        log_sum_exp.upload(), log_prob.upload();
        for (int64_t first = 0; first < v; first += piece) {
            awl_tensor t = view(again, first, first + piece <= v ? piece : v - first);
            expect(awl_softmax_xent_gradient(&t, &ty, &tw, &none, &tp, &tl, first, c.soft_cap, nullptr) == AWL_OK, awl_last_error());
        }
        again.download();
        for (int64_t row = 0; row < n; row++)
            for (int64_t i = 0; i < v; i++)
                expect(fabs(again.at(row * pitch + i) - z.at(row * pitch + i)) <= (1e-5 + 2 * rounding) * fabs(z.at(row * pitch + i)) + 2e-7,
                       [&] { return name + " pieces: gradient"; });
    }
}

// The gradient in bfloat16, apart and in the logits' own memory: that in float32, rounded once.
void narrow_gradient(const Case &c) {
    const int64_t n = c.rows, v = c.classes, pitch = v + c.pad;
    const std::string name = std::to_string(n) + "x" + std::to_string(v) + " narrow";
    std::mt19937 random(n * 100 + v);
    std::normal_distribution<float> normal;
    const int64_t cells = n ? n * pitch - c.pad : 0;
    Buffer<float> wide(cells), z(cells), weights(n), log_prob(n), again(n);
    Buffer<Bf16> apart(n * v);
    Buffer<double> lse(n);
    Buffer<int64_t> target(n);
    std::vector<float> kept(cells);
    for (int64_t i = 0; i < cells; i++) kept[i] = wide[i] = (float)(c.scale * normal(random));
    for (int64_t row = 0; row < n; row++) target[row] = (int64_t)(random() % v), weights[row] = row % 2 ? -0.75f : 1.25f;
    awl_tensor ty = target.view({n}), tw = weights.view({n}), tp = log_prob.view({n}), tl = lse.view({n});
    awl_tensor tq = again.view({n});
    awl_tensor tz = wide.view({n, v}), tg = apart.view({n, v});
    tz.stride[0] = pitch;
    wide.upload(), target.upload(), weights.upload();
    expect(awl_softmax_xent_rows(&tz, &ty, &tw, nullptr, &tp, &tl, c.soft_cap, nullptr) == AWL_OK, name);
    wide.download(), log_prob.download(), lse.download();
    const auto same = [&](const Bf16 *row, int64_t r, const char *what) {
        for (int64_t i = 0; i < v; i++) {
            Bf16 rounded;
            narrow(wide[r * pitch + i], rounded);
            expect(memcmp(&rounded, row + i, sizeof rounded) == 0, [&] { return name + " " + what + " class " + std::to_string(i); });
        }
    };
    for (const bool statistics : {false, true}) {
        for (const bool own : {false, true}) {
            for (int64_t i = 0; i < cells; i++) z[i] = kept[i];
            z.upload();
            tz = z.view({n, v}), tz.stride[0] = pitch;
            if (own) {
                tg = tz;
                tg.dtype = AWL_BF16, tg.stride[0] = 2 * pitch;
            } else {
                tg = apart.view({n, v});
            }
            if (statistics) {
                log_prob.upload(), lse.upload();
                expect(awl_softmax_xent_gradient(&tz, &ty, &tw, &tg, &tp, &tl, 0, c.soft_cap, nullptr) == AWL_OK, name);
            } else {
                expect(awl_softmax_xent_rows(&tz, &ty, &tw, &tg, &tq, &tl, c.soft_cap, nullptr) == AWL_OK, name);
                again.download();
                for (int64_t r = 0; r < n; r++) expect(again[r] == log_prob[r], name + " log p");
            }
            z.download(), apart.download();
            for (int64_t r = 0; r < n; r++) {
                const Bf16 *row = own ? (const Bf16 *)&z[r * pitch] : &apart[r * v];
                if (!statistics) {
                    same(row, r, own ? "in place" : "apart");
                    continue;
                }
                for (int64_t i = 0; i < v; i++) {
                    const double got = widen(row[i]), want = wide[r * pitch + i];
                    expect(fabs(got - want) <= fabs(want) / 100 + 2e-7, name + " from statistics");
                }
            }
        }
    }
}

void special_values() {
    const int64_t v = 40;
    for (int64_t at : {int64_t(0), int64_t(17), v - 1}) {
        for (float value : {NAN, INFINITY}) {
            Buffer<float> z(2 * v), weights(2), log_prob(2);
            Buffer<double> lse(2);
            Buffer<int64_t> target(2);
            for (int64_t i = 0; i < 2 * v; i++) z[i] = (float)(i % 7);
            z[at] = value;
            target[0] = target[1] = 3;
            weights[0] = weights[1] = 1;
            awl_tensor tz = z.view({2, v}), ty = target.view({2}), tw = weights.view({2}), tp = log_prob.view({2}),
                       tl = lse.view({2});
            z.upload(), target.upload(), weights.upload();
            expect(awl_softmax_xent_rows(&tz, &ty, &tw, nullptr, &tp, &tl, 0, nullptr) == AWL_OK, "special");
            z.download(), log_prob.download(), lse.download();
            expect(isnan(log_prob[0]) && isnan(lse[0]) && isnan(z[3]) && isnan(z[20]), "NaN and infinity fill their row");
            expect(isfinite(log_prob[1]) && isfinite(z[v + 3]), "and leave the next");
        }
    }
    // Classes ruled out by minus infinity have no probability, whole pieces of them included.
    Buffer<float> z(v), weights(1), log_prob(1);
    Buffer<double> maximum(1), sum(1), at_target(1);
    Buffer<int64_t> target(1);
    for (int64_t i = 0; i < v; i++) z[i] = i < 20 ? 1.f : -INFINITY;
    target[0] = 2, maximum[0] = -3.402823466e38, sum[0] = 0;
    z.upload(), target.upload(), maximum.upload(), sum.upload();
    for (int64_t first : {20, 0}) {
        awl_tensor tz = z.view({1, 20}, first), ty = target.view({1}), tm = maximum.view({1}), ts = sum.view({1}),
                   tt = at_target.view({1});
        expect(awl_softmax_xent_partial(&tz, &ty, &tm, &ts, &tt, first, 0, nullptr) == AWL_OK, "ruled out");
    }
    maximum.download(), sum.download();
    expect(maximum[0] == 1 && fabs(sum[0] - 20) < 1e-5, "ruled-out classes add nothing");
}

// p = 1 - 1e-6: log p and the true class's gradient keep their digits.
void nearly_certain() {
    const int64_t v = 16;
    Buffer<float> z(v), weights(1), log_prob(1);
    Buffer<double> lse(1);
    Buffer<int64_t> target(1);
    for (int64_t i = 0; i < v; i++) z[i] = i == 5 ? 16.5f : 0;
    target[0] = 5, weights[0] = 1;
    awl_tensor tz = z.view({1, v}), ty = target.view({1}), tw = weights.view({1}), tp = log_prob.view({1}), tl = lse.view({1});
    z.upload(), target.upload(), weights.upload();
    expect(awl_softmax_xent_rows(&tz, &ty, &tw, nullptr, &tp, &tl, 0, nullptr) == AWL_OK, "nearly certain");
    z.download(), log_prob.download();
    const double log_p = -log1p((v - 1) * exp(-16.5));
    expect(fabs(log_prob[0] / log_p - 1) < 1e-6, "nearly certain: log p");
    expect(fabs(z[5] / expm1(log_p) - 1) < 1e-6, "nearly certain: gradient");
}

void refuses() {
    Buffer<float> z(6), weights(2), log_prob(2);
    Buffer<double> lse(2);
    Buffer<int64_t> target(2);
    target[0] = 0, target[1] = 3;
    for (int i = 0; i < 6; i++) z[i] = 7;
    awl_tensor tz = z.view({2, 3}), ty = target.view({2}), tw = weights.view({2}), tp = log_prob.view({2}), tl = lse.view({2});
    z.upload(), target.upload(), weights.upload();
    const int32_t status = awl_softmax_xent_rows(&tz, &ty, &tw, nullptr, &tp, &tl, 0, nullptr);
    z.download(), log_prob.download();
    if (test_device == AWL_CPU) {
        expect(status == AWL_BAD_ARGUMENT, "a class past the end");
        expect(!strcmp(awl_last_error(), "softmax_xent_rows: target: expected classes in [0, 3), got 3 in row 1"),
               awl_last_error());
        expect(z[0] == 7, "nothing is written before the checks");
    } else {
        expect(status == AWL_OK && isfinite(log_prob[0]) && isfinite(z[0]), "a class past the end: other rows stay");
        expect(isnan(log_prob[1]) && isnan(z[3]) && isnan(z[5]), "a class past the end makes its row NaN");
    }
    target[1] = 1;
    tz.stride[1] = 2;
    expect(awl_softmax_xent_rows(&tz, &ty, &tw, nullptr, &tp, &tl, 0, nullptr) == AWL_BAD_ARGUMENT, "gaps between classes");
    tz.stride[1] = 1;
    tl.dtype = AWL_F32;
    expect(awl_softmax_xent_rows(&tz, &ty, &tw, nullptr, &tp, &tl, 0, nullptr) == AWL_BAD_ARGUMENT, "log-sum-exp is f64");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (const Case &c : cases) {
            contract<float>(c);
            if (test_device == AWL_CUDA) contract<Bf16>(c);
            narrow_gradient(c);
        }
        special_values();
        nearly_certain();
        refuses();
    });
    return report("softmax_xent");
}
