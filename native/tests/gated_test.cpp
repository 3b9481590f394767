// Contract of gated and gated_backward against float64.
#include "harness.h"

namespace {

double value(int32_t activation, double x) {
    if (activation == AWL_SILU) return x / (1 + exp(-x));
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

double slope(int32_t activation, double x) {
    if (activation == AWL_SILU) {
        const double s = 1 / (1 + exp(-x));
        return s * (1 + x * (1 - s));
    }
    const double t = tanh(0.7978845608028654 * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * 0.7978845608028654 * (1 + 3 * 0.044715 * x * x);
}

template <class T>
void contract(int64_t n, int64_t f, int32_t activation) {
    const std::string name =
        std::to_string(n) + "x" + std::to_string(f) + (activation == AWL_SILU ? " silu" : " tanh-gelu");
    const double unit = sizeof(T) == 2 ? 1.0 / 128 : 1e-6;
    std::mt19937 random((unsigned)(n * 100 + f));
    std::normal_distribution<float> normal(0, 3);
    Buffer<T> both(2 * n * f), out(n * f), gradient(n * f), below(2 * n * f), again(2 * n * f);
    for (int64_t i = 0; i < both.size(); i++) narrow(normal(random), both[i]);
    for (int64_t i = 0; i < gradient.size(); i++) narrow(normal(random), gradient[i]);
    if (n * f > 3) narrow(200.f, both[0]), narrow(-200.f, both[1]), narrow(0.f, both[2]);
    awl_tensor tb = both.view({n, 2 * f}), to = out.view({n, f}), tg = gradient.view({n, f}), tl = below.view({n, 2 * f});
    both.upload(), gradient.upload();
    expect(awl_gated(&tb, &to, activation, nullptr) == AWL_OK, name + ": " + awl_last_error());
    expect(awl_gated_backward(&tg, &tb, &tl, activation, nullptr) == AWL_OK, name + ": " + awl_last_error());
    out.download(), below.download();
    for (int64_t row = 0; row < n; row++) {
        for (int64_t i = 0; i < f; i++) {
            const double g = both.at(row * 2 * f + i), u = both.at(row * 2 * f + f + i), d = gradient.at(row * f + i);
            const double v = value(activation, g), s = slope(activation, g);
            expect(fabs(out.at(row * f + i) - v * u) <= unit * fabs(u) * (fabs(v) + 0.1), name + " forward");
            expect(fabs(below.at(row * 2 * f + i) - d * u * s) <= unit * fabs(d * u) * (fabs(s) + 1), name + " gate");
            expect(fabs(below.at(row * 2 * f + f + i) - d * v) <= unit * fabs(d) * (fabs(v) + 0.1), name + " up");
        }
    }
    awl_set_threads(3);
    tl = again.view({n, 2 * f});
    expect(awl_gated_backward(&tg, &tb, &tl, activation, nullptr) == AWL_OK, name + " on three threads");
    again.download();
    for (int64_t i = 0; i < below.size(); i++)
        expect(memcmp(&below[i], &again[i], sizeof(T)) == 0, name + " has the same bits on three threads");
    awl_set_threads(1);
    expect(awl_gated_backward(&tg, &tb, &tb, activation, nullptr) == AWL_OK, name + " in place");
    both.download();
    for (int64_t i = 0; i < below.size(); i++)
        expect(memcmp(&below[i], &both[i], sizeof(T)) == 0, name + " has the same bits in place");
}

void refuses() {
    Buffer<float> b(12), o(6);
    awl_tensor both = b.view({2, 6}), out = o.view({2, 3}), below = b.view({2, 6});
    expect(awl_gated(&both, &out, 7, nullptr) == AWL_BAD_ARGUMENT, "an unknown activation is refused");
    both = b.view({4, 3});
    expect(awl_gated(&both, &out, AWL_SILU, nullptr) == AWL_BAD_ARGUMENT, "an odd width is refused");
    both = b.view({2, 6});
    out = o.view({3, 2});
    expect(awl_gated(&both, &out, AWL_SILU, nullptr) == AWL_BAD_ARGUMENT, "an output of another shape is refused");
    expect(awl_gated_backward(&out, &both, &below, AWL_SILU, nullptr) == AWL_BAD_ARGUMENT,
           "a gradient of another shape is refused");
    expect(awl_gated(nullptr, &out, AWL_SILU, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (int32_t activation : {AWL_SILU, AWL_TANH_GELU}) {
            for (int64_t n : {0, 1, 3, 40}) {
                for (int64_t f : {1, 7, 16, 33, 600}) {
                    contract<float>(n, f, activation);
                    contract<Bf16>(n, f, activation);
                }
            }
        }
        refuses();
    });
    return report("gated");
}
