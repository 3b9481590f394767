// Contract of squared_norm against long double.
#include <memory>

#include "harness.h"

namespace {

template <class T>
struct Tensors {
    std::vector<std::unique_ptr<Buffer<T>>> buffers;
    std::vector<awl_tensor> views;

    Tensors(const std::vector<int64_t> &sizes, float scale) {
        std::mt19937 random(11);
        std::normal_distribution<float> normal(0.5f);
        for (int64_t n : sizes) {
            buffers.push_back(std::make_unique<Buffer<T>>(n));
            for (int64_t i = 0; i < n; i++) narrow(scale * normal(random), (*buffers.back())[i]);
            views.push_back(buffers.back()->view({n}));
        }
    }

    double squares(int32_t threads) {
        int64_t pieces = 0;
        for (auto &b : buffers) pieces += (b->size() + AWL_NORM_PIECE - 1) / AWL_NORM_PIECE;
        Buffer<double> workspace(pieces), out(1);
        awl_tensor tw = workspace.view({pieces}), to = out.view({});
        awl_set_threads(threads);
        out[0] = -1;
        for (auto &b : buffers) b->upload();
        expect(awl_squared_norm(views.data(), (int64_t)views.size(), &tw, &to, nullptr) == AWL_OK, awl_last_error());
        out.download();
        awl_set_threads(1);
        return out[0];
    }
};

template <class T>
void contract(const std::vector<int64_t> &sizes, float scale) {
    Tensors<T> tensors(sizes, scale);
    long double truth = 0;
    for (auto &b : tensors.buffers)
        for (int64_t i = 0; i < b->size(); i++) truth += (long double)b->at(i) * b->at(i);
    const double one = tensors.squares(1), three = tensors.squares(3);
    const std::string name = std::to_string(sizes.size()) + " tensors at " + std::to_string(scale);
    expect(fabsl(one - truth) <= 1e-13L * truth, name + ": " + std::to_string(one));
    expect(memcmp(&one, &three, 8) == 0, name + " has the same bits on three threads");
}

void what_is_not_finite() {
    for (float broken : {NAN, INFINITY, -INFINITY}) {
        for (int64_t at : {0, 70000, 70016, 70018}) {
            Tensors<float> tensors({3, 70019, 5}, 1);
            (*tensors.buffers[1])[at] = broken;
            expect(!isfinite(tensors.squares(2)), "one broken number makes the sum not finite");
        }
    }
    Tensors<float> largest({70000}, 1);
    for (int64_t i = 0; i < 70000; i++) (*largest.buffers[0])[i] = 3.4028234e38f;
    expect(isfinite(largest.squares(1)), "the largest float32 numbers have a finite sum of squares");
}

void refuses() {
    Tensors<float> tensors({AWL_NORM_PIECE + 1, 2}, 1);
    Buffer<double> workspace(3), out(1);
    awl_tensor tw = workspace.view({2}), to = out.view({});
    expect(awl_squared_norm(tensors.views.data(), 2, &tw, &to, nullptr) == AWL_BAD_ARGUMENT, "too small a workspace");
    expect(strstr(awl_last_error(), "expected at least 3 sums, got 2") != nullptr, awl_last_error());
    tw = workspace.view({3});
    tensors.views[1].dtype = AWL_F64;
    expect(awl_squared_norm(tensors.views.data(), 2, &tw, &to, nullptr) == AWL_BAD_ARGUMENT, "f64 is refused");
    tensors.views[1] = no_tensor();
    expect(awl_squared_norm(tensors.views.data(), 2, &tw, &to, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
    expect(awl_squared_norm(nullptr, 1, &tw, &to, nullptr) == AWL_BAD_ARGUMENT, "no tensors are refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (float scale : {1.f, 1e-30f, 1e30f}) {
            contract<float>({}, scale);
            contract<float>({0}, scale);
            contract<float>({1, 0, 7, 8, 31, 32, 33}, scale);
            contract<float>({AWL_NORM_PIECE - 1, AWL_NORM_PIECE, 2 * AWL_NORM_PIECE + 1}, scale);
            contract<Bf16>({5, 100003}, scale);
        }
        contract<float>(std::vector<int64_t>(500, 37), 1);
        what_is_not_finite();
        refuses();
    });
    return report("squared_norm");
}
