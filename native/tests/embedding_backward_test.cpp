// Contract of embedding_backward: sums in the order of tokens, whatever computes them.
#include "harness.h"

namespace {

template <class T>
void contract(int64_t n, int64_t v, int64_t d, double scale) {
    const std::string name = std::to_string(n) + " tokens, " + std::to_string(v) + "x" + std::to_string(d);
    std::mt19937 random((unsigned)(n * 100 + d));
    std::normal_distribution<float> normal;
    Buffer<T> gradient(n * d);
    Buffer<int64_t> tokens(n);
    Buffer<float> table(v * d), again(v * d);
    for (int64_t i = 0; i < n * d; i++) narrow(normal(random), gradient[i]);
    // Half of the tokens are one and the same.
    for (int64_t i = 0; i < n; i++) tokens[i] = i % 2 ? v - 1 : (int64_t)(random() % (unsigned)v);
    for (int64_t i = 0; i < v * d; i++) again[i] = table[i] = normal(random);
    std::vector<float> fused(v * d), apart(v * d);
    for (int64_t i = 0; i < v * d; i++) fused[i] = apart[i] = table[i];
    std::vector<double> size(v * d), exact(v * d);
    for (int64_t i = 0; i < v * d; i++) size[i] = fabs(table[i]), exact[i] = table[i];
    for (int64_t row = 0; row < n; row++) {
        for (int64_t i = 0; i < d; i++) {
            const int64_t at = tokens[row] * d + i;
            const float g = (float)gradient.at(row * d + i);
            const volatile float product = (float)scale * g;
            fused[at] = fmaf((float)scale, g, fused[at]);
            apart[at] = apart[at] + product;
            exact[at] += scale * g, size[at] += fabs(scale * g);
        }
    }
    awl_tensor tg = gradient.view({n, d}), tt = tokens.view({n}), to = table.view({v, d});
    gradient.upload(), tokens.upload(), table.upload(), again.upload();
    expect(awl_embedding_backward(&tg, &tt, &to, scale, nullptr) == AWL_OK, name + ": " + awl_last_error());
    table.download();
    bool is_fused = true, is_apart = true;
    for (int64_t i = 0; i < v * d; i++) {
        is_fused &= table[i] == fused[i], is_apart &= table[i] == apart[i];
        expect(fabs(table[i] - exact[i]) <= 1e-7 * (2 + n) * size[i], name);
    }
    expect(is_fused || is_apart, name + " is summed in the order of tokens");
    awl_set_threads(3);
    to = again.view({v, d});
    expect(awl_embedding_backward(&tg, &tt, &to, scale, nullptr) == AWL_OK, name + " on three threads");
    awl_set_threads(1);
    again.download();
    for (int64_t i = 0; i < v * d; i++) expect(table[i] == again[i], name + " has the same bits on three threads");
}

void rows_may_stand_apart() {
    Buffer<float> gradient(2 * 9 - 2), table(3 * 8 - 1);
    Buffer<int64_t> tokens(2);
    for (int64_t i = 0; i < gradient.size(); i++) gradient[i] = (float)i;
    for (int64_t i = 0; i < table.size(); i++) table[i] = 100;
    tokens[0] = 2, tokens[1] = 0;
    awl_tensor tg = gradient.view({2, 7}), tt = tokens.view({2}), to = table.view({3, 7});
    tg.stride[0] = 9, to.stride[0] = 8;
    gradient.upload(), tokens.upload(), table.upload();
    expect(awl_embedding_backward(&tg, &tt, &to, 1, nullptr) == AWL_OK, awl_last_error());
    table.download();
    for (int64_t i = 0; i < 7; i++) {
        expect(table[i] == 100 + 9 + (float)i && table[8 + i] == 100 && table[16 + i] == 100 + (float)i, "strided rows");
    }
    expect(table[7] == 100 && table[15] == 100, "what stands between rows stays");
}

void refuses() {
    Buffer<float> gradient(6), table(12);
    Buffer<int64_t> tokens(2);
    for (int64_t i = 0; i < 12; i++) table[i] = 1;
    for (int64_t i = 0; i < 6; i++) gradient[i] = 1;
    awl_tensor tg = gradient.view({2, 3}), tt = tokens.view({2}), to = table.view({4, 3});
    for (int64_t wrong : {-1, 4}) {
        tokens[0] = 1, tokens[1] = wrong;
        for (int64_t i = 0; i < 12; i++) table[i] = 1;
        gradient.upload(), tokens.upload(), table.upload();
        const int32_t status = awl_embedding_backward(&tg, &tt, &to, 1, nullptr);
        table.download();
        if (test_device == AWL_CPU) {
            expect(status == AWL_BAD_ARGUMENT, "a token outside is refused");
            expect(strstr(awl_last_error(), "in [0, 4)") != nullptr, awl_last_error());
        }
        // A device does not look at tokens beforehand, and leaves those outside out.
        for (int64_t i = 0; i < 12; i++)
            expect(table[i] == (test_device == AWL_CUDA && i / 3 == 1 ? 2 : 1), "a token outside writes nothing");
    }
    tokens[1] = 0;
    to = table.view({3, 4});
    expect(awl_embedding_backward(&tg, &tt, &to, 1, nullptr) == AWL_BAD_ARGUMENT, "another width is refused");
    expect(awl_embedding_backward(nullptr, &tt, &to, 1, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (int64_t n : {0, 1, 2, 77, 400}) {
            for (int64_t d : {1, 7, 16, 33, 576}) {
                contract<float>(n, 50, d, 1);
                contract<Bf16>(n, 3, d, -7.25);
            }
        }
        rows_may_stand_apart();
        refuses();
    });
    return report("embedding_backward");
}
