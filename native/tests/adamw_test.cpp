// Contract of adamw against float64, over many tensors at once.
#include <memory>

#include "harness.h"

namespace {

constexpr double rate = 1e-2, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;

struct Settings {
    float divisor = 1, skip = 0;
    int64_t step = 1, seed = 7;
    double gradient_size = 1;
};

// Tensors of the sizes given, with and without decay; T is what values are stored in.
template <class T>
struct Model {
    std::vector<std::unique_ptr<Buffer<T>>> value;
    std::vector<std::unique_ptr<Buffer<float>>> gradient, first, second;
    std::vector<std::unique_ptr<Buffer<Bf16>>> rounded;
    std::vector<awl_tensor> views;
    std::vector<double> decay;

    Model(const std::vector<int64_t> &sizes, bool copies, double gradient_size, unsigned seed) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        for (int64_t n : sizes) {
            value.push_back(std::make_unique<Buffer<T>>(n));
            gradient.push_back(std::make_unique<Buffer<float>>(n));
            first.push_back(std::make_unique<Buffer<float>>(n));
            second.push_back(std::make_unique<Buffer<float>>(n));
            rounded.push_back(std::make_unique<Buffer<Bf16>>(n));
            for (int64_t i = 0; i < n; i++) {
                narrow(3 * normal(random), (*value.back())[i]);
                (*gradient.back())[i] = (float)gradient_size * normal(random);
                (*first.back())[i] = (float)gradient_size * normal(random);
                (*second.back())[i] = (float)(gradient_size * gradient_size) * fabsf(normal(random));
                (*rounded.back())[i].bits = 0x1234;
            }
            decay.push_back(decay.size() % 2 ? 0 : 0.1);
            views.push_back(value.back()->view({n}));
            views.push_back(gradient.back()->view({n}));
            views.push_back(first.back()->view({n}));
            views.push_back(second.back()->view({n}));
            views.push_back(copies ? rounded.back()->view({n}) : no_tensor());
        }
    }

    int32_t step(const Settings &s) {
        Buffer<float> divisor(1), skip(1);
        divisor[0] = s.divisor, skip[0] = s.skip;
        divisor.upload(), skip.upload();
        for (size_t k = 0; k < value.size(); k++)
            value[k]->upload(), gradient[k]->upload(), first[k]->upload(), second[k]->upload(), rounded[k]->upload();
        awl_tensor td = divisor.view({}), ts = skip.view({});
        const int32_t status =
            awl_adamw(views.data(), decay.data(), (int64_t)decay.size(), &td, &ts, rate, beta1, beta2, epsilon,
                      1 - pow(beta1, s.step), 1 - pow(beta2, s.step), s.seed, nullptr);
        for (size_t k = 0; k < value.size(); k++)
            value[k]->download(), first[k]->download(), second[k]->download(), rounded[k]->download();
        return status;
    }
};

template <class B>
std::vector<double> copy(B &buffer) {
    std::vector<double> all(buffer.size());
    for (int64_t i = 0; i < buffer.size(); i++) all[i] = buffer.at(i);
    return all;
}

template <class B>
bool same(B &a, B &b) {
    return a.size() == 0 || memcmp(&a[0], &b[0], a.size() * sizeof(a[0])) == 0;
}

template <class T>
void contract(const std::vector<int64_t> &sizes, bool copies, const Settings &s) {
    const std::string name = std::to_string(sizes.size()) + " tensors of " + std::to_string(sizes.empty() ? 0 : sizes[0]) +
                             (copies ? " with copies" : "") + ", step " + std::to_string(s.step);
    Model<T> model(sizes, copies, s.gradient_size, 3), threaded(sizes, copies, s.gradient_size, 3);
    std::vector<std::vector<double>> value, first, second;
    for (size_t k = 0; k < sizes.size(); k++)
        value.push_back(copy(*model.value[k])), first.push_back(copy(*model.first[k])),
            second.push_back(copy(*model.second[k]));
    expect(model.step(s) == AWL_OK, name + ": " + awl_last_error());
    awl_set_threads(3);
    expect(threaded.step(s) == AWL_OK, name + " on three threads: " + awl_last_error());
    awl_set_threads(1);
    const double c1 = 1 - pow(beta1, s.step), c2 = 1 - pow(beta2, s.step);
    for (size_t k = 0; k < sizes.size(); k++) {
        expect(same(*model.value[k], *threaded.value[k]) && same(*model.first[k], *threaded.first[k]) &&
                   same(*model.second[k], *threaded.second[k]) && same(*model.rounded[k], *threaded.rounded[k]),
               name + " has the same bits on three threads");
        for (int64_t i = 0; i < sizes[k]; i++) {
            const double g = model.gradient[k]->at(i) / (double)s.divisor;
            const double m = first[k][i] + (1 - beta1) * (g - first[k][i]);
            const double v = beta2 * second[k][i] + (1 - beta2) * g * g;
            const double move = rate / c1 * m / (sqrt(v) / sqrt(c2) + epsilon);
            const double p = value[k][i] * (1 - rate * model.decay[k]) - move;
            const double p_unit = fabs(value[k][i]) + fabs(move), got = model.value[k]->at(i);
            // m may cancel; its error, and that of the move, are relative to what it is made of.
            const double m_unit = fabs(first[k][i]) + fabs(g), move_unit = rate / c1 * m_unit / (sqrt(v) / sqrt(c2) + epsilon);
            expect(fabs(model.first[k]->at(i) - m) <= 3e-7 * m_unit, name + " first");
            expect(fabs(model.second[k]->at(i) - v) <= 3e-7 * v + 1e-44, name + " second");
            if (sizeof(T) == 4) {
                expect(fabs(got - p) <= 2e-7 * p_unit + 8e-7 * move_unit, name + " value");
                if (copies) {
                    Bf16 nearest;
                    narrow((float)got, nearest);
                    expect(nearest.bits == (*model.rounded[k])[i].bits, name + " rounded copy");
                }
            } else {
                expect(fabs(got - p) <= p_unit / 128, name + " value in bf16");
            }
            if (!copies) expect((*model.rounded[k])[i].bits == 0x1234, name + " touches no copy it was not given");
        }
    }
}

// Random rounding has the right expectation and never goes further than the next number on either side.
void rounds_at_random() {
    const int64_t n = 200000;
    Settings s;
    for (float target : {1.001f, 1.0039f, -3.0078125f, 256.4f}) {
        Model<Bf16> model({n}, false, 0, 1);
        Bf16 below;
        narrow(target, below);
        double start = widen(below);
        for (int64_t i = 0; i < n; i++) {
            (*model.value[0])[i] = below;
            (*model.gradient[0])[i] = 0, (*model.first[0])[i] = 0, (*model.second[0])[i] = 1;
        }
        // Without a gradient decay alone moves the value, by exactly value * rate * decay in float32.
        const double exact = start * (float)(1 - rate * 0.1);
        expect(model.step(s) == AWL_OK, awl_last_error());
        double sum = 0, worst = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += model.value[0]->at(i);
            worst = fmax(worst, fabs(model.value[0]->at(i) - exact));
        }
        const double unit = fabs(start) / 128;
        // The mean of n draws is within five of its standard deviations, at most unit / (2 sqrt n).
        expect(fabs(sum / n - exact) <= 5 * unit / (2 * sqrt((double)n)), "mean of random rounding " + std::to_string(target));
        expect(worst <= unit, "random rounding goes to a neighbour");
        Model<Bf16> other({n}, false, 0, 1);
        for (int64_t i = 0; i < n; i++) {
            (*other.value[0])[i] = below;
            (*other.gradient[0])[i] = 0, (*other.first[0])[i] = 0, (*other.second[0])[i] = 1;
        }
        Settings later = s;
        later.seed = 8;
        expect(other.step(later) == AWL_OK, awl_last_error());
        expect(!same(*model.value[0], *other.value[0]), "another seed, other roundings");
    }
}

void what_is_not_finite() {
    Model<float> model({40, 3}, true, 1, 5), before({40, 3}, true, 1, 5);
    (*model.gradient[0])[39] = NAN;
    Settings s;
    s.skip = 1, s.divisor = NAN;
    expect(model.step(s) == AWL_OK, awl_last_error());
    for (int k = 0; k < 2; k++)
        expect(same(*model.value[k], *before.value[k]) && same(*model.first[k], *before.first[k]) &&
                   same(*model.second[k], *before.second[k]) && same(*model.rounded[k], *before.rounded[k]),
               "a step to be skipped changes nothing");
    expect(model.step(Settings()) == AWL_OK, awl_last_error());
    expect(isnan(model.value[0]->at(39)) && isnan(model.rounded[0]->at(39)), "a NaN stays where it is");
    expect(!isnan(model.value[0]->at(38)) && !isnan(model.value[1]->at(2)), "a NaN stays alone");
    Model<Bf16> bf16({9}, false, 1, 5);
    (*bf16.gradient[0])[8] = NAN;
    (*bf16.gradient[0])[7] = INFINITY;
    expect(bf16.step(Settings()) == AWL_OK, awl_last_error());
    expect(isnan(bf16.value[0]->at(8)) && !isnan(bf16.value[0]->at(6)), "a NaN in bf16 stays one");
}

void refuses() {
    auto bad = [](Model<float> &model, const char *what, const char *says) {
        expect(model.step(Settings()) == AWL_BAD_ARGUMENT, what);
        expect(strstr(awl_last_error(), says) != nullptr, std::string(what) + " says " + awl_last_error());
    };
    for (int view : {1, 2, 3}) {
        Model<float> model({4}, false, 1, 1);
        model.views[view].size[0] = 3;
        bad(model, "another size is refused", "expected the value's 4 elements, got 3");
        model.views[view] = no_tensor();
        bad(model, "no tensor is refused", "got none");
    }
    Model<float> strided({4}, false, 1, 1);
    strided.views[1].stride[0] = 2;
    bad(strided, "a strided gradient is refused", "contiguous");
    Model<float> wide({4}, true, 1, 1);
    wide.views[4].dtype = AWL_F32;
    bad(wide, "a copy in f32 is refused", "rounded: expected bf16");
    Model<Bf16> both({4}, true, 1, 1);
    expect(both.step(Settings()) == AWL_BAD_ARGUMENT, "a copy beside a value in bf16 is refused");
    expect(awl_adamw(nullptr, nullptr, 1, nullptr, nullptr, 1, 0, 0, 0, 1, 1, 0, nullptr) == AWL_BAD_ARGUMENT,
           "no tensors are refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (int64_t step : {1, 2, 1000}) {
            for (bool copies : {false, true}) {
                for (const std::vector<int64_t> &sizes : std::vector<std::vector<int64_t>>{
                         {}, {0}, {1}, {7, 0, 16, 33}, {5, 4096, 1, 70001}, std::vector<int64_t>(300, 19)}) {
                    Settings s;
                    s.step = step;
                    contract<float>(sizes, copies, s);
                    s.divisor = 3.7f;
                    contract<float>(sizes, copies, s);
                    if (!copies) contract<Bf16>(sizes, copies, s);
                }
            }
        }
        Settings s;
        s.gradient_size = 1e18;
        contract<float>({1000, 17}, true, s);
        s.divisor = 1e19f;
        contract<float>({1000, 17}, true, s);
        s = {};
        s.gradient_size = 1e-12;
        contract<float>({1000, 17}, true, s);
        rounds_at_random();
        what_is_not_finite();
        refuses();
    });
    return report("adamw");
}
