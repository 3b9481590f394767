// Contract of linear_rows against float64.
#include "harness.h"

namespace {

struct Shape {
    int64_t rows, width, outputs;
};

const Shape shapes[] = {{0, 8, 4},  {1, 1, 1},    {1, 7, 3},   {2, 8, 9},    {3, 33, 10},
                        {4, 64, 8}, {5, 100, 31}, {16, 64, 7}, {17, 577, 5}, {1, 1536, 576}};

template <class T>
void contract(const Shape &shape) {
    const int64_t n = shape.rows, d = shape.width, m = shape.outputs;
    const std::string name = std::to_string(n) + "x" + std::to_string(d) + "x" + std::to_string(m);
    std::mt19937 random(n * 1000 + d);
    std::normal_distribution<float> normal;
    Buffer<float> x(n * d), y(n * m), alone(m);
    Buffer<T> weight(m * d);
    for (int64_t i = 0; i < n * d; i++) x[i] = normal(random);
    for (int64_t i = 0; i < m * d; i++) narrow(normal(random), weight[i]);
    x.upload(), weight.upload();
    awl_tensor tx = x.view({n, d}), tw = weight.view({m, d}), ty = y.view({n, m});
    expect(awl_linear_rows(&tx, &tw, 1, &ty, nullptr) == AWL_OK, name + ": " + awl_last_error());
    y.download();
    for (int64_t row = 0; row < n; row++) {
        for (int64_t o = 0; o < m; o++) {
            double sum = 0, scale = 0;
            for (int64_t i = 0; i < d; i++) {
                sum += x.at(row * d + i) * weight.at(o * d + i);
                scale += fabs(x.at(row * d + i) * weight.at(o * d + i));
            }
            expect(fabs(y.at(row * m + o) - sum) <= 4e-7 * scale + 1e-30, name + " row " + std::to_string(row));
        }
    }
    // A row alone, on other threads: the same bits.
    awl_set_threads(3);
    for (int64_t row = 0; row < n; row++) {
        awl_tensor one = x.view({n, d}), out = alone.view({1, m});
        one.size[0] = 1;
        one.data = (float *)one.data + row * d;
        expect(awl_linear_rows(&one, &tw, 1, &out, nullptr) == AWL_OK, name + " alone");
        alone.download();
        for (int64_t o = 0; o < m; o++) expect(alone[o] == y[row * m + o], name + " has the same bits alone");
    }
    awl_set_threads(1);
}

// Matrices side by side, among them one without rows: each has the bits it has alone.
template <class T>
void several(int64_t n, int64_t d) {
    const int64_t outputs[] = {24, 0, 7, 41};
    std::mt19937 random(n + d);
    std::normal_distribution<float> normal;
    Buffer<float> x(n * d), y(n * 72), alone(n * 41);
    Buffer<T> weight(72 * d);
    for (int64_t i = 0; i < n * d; i++) x[i] = normal(random);
    for (int64_t i = 0; i < 72 * d; i++) narrow(normal(random), weight[i]);
    x.upload(), weight.upload();
    awl_tensor tx = x.view({n, d}), ty = y.view({n, 72}), all = weight.view({72, d}), weights[4];
    int64_t before = 0;
    for (int i = 0; i < 4; before += outputs[i++]) {
        weights[i] = all;
        weights[i].data = (T *)all.data + before * d;
        weights[i].size[0] = outputs[i];
    }
    awl_set_threads(3);
    expect(awl_linear_rows(&tx, weights, 4, &ty, nullptr) == AWL_OK, awl_last_error());
    awl_set_threads(1);
    y.download();
    before = 0;
    for (int i = 0; i < 4; before += outputs[i++]) {
        awl_tensor out = alone.view({n, outputs[i]});
        expect(awl_linear_rows(&tx, weights + i, 1, &out, nullptr) == AWL_OK, awl_last_error());
        alone.download();
        for (int64_t row = 0; row < n; row++)
            for (int64_t o = 0; o < outputs[i]; o++)
                expect(alone[row * outputs[i] + o] == y[row * 72 + before + o], "matrices side by side have the bits of each alone");
    }
}

void refuses() {
    Buffer<float> x(8), w(12), y(6);
    awl_tensor tx = x.view({2, 4}), tw = w.view({4, 3}), ty = y.view({2, 3});
    expect(awl_linear_rows(&tx, &tw, 1, &ty, nullptr) == AWL_BAD_ARGUMENT, "a weight of another width is refused");
    tw = w.view({3, 4});
    ty = y.view({3, 2});
    expect(awl_linear_rows(&tx, &tw, 1, &ty, nullptr) == AWL_BAD_ARGUMENT, "an output of another shape is refused");
    ty = y.view({2, 3});
    tx.stride[1] = 2;
    expect(awl_linear_rows(&tx, &tw, 1, &ty, nullptr) == AWL_BAD_ARGUMENT, "gaps inside a row are refused");
    expect(awl_linear_rows(nullptr, &tw, 1, &ty, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
    expect(awl_linear_rows(&tx, nullptr, 1, &ty, nullptr) == AWL_BAD_ARGUMENT, "no weight is refused");
    tx = x.view({2, 4});
    for (int32_t count : {0, -1, 5})
        expect(awl_linear_rows(&tx, &tw, count, &ty, nullptr) == AWL_BAD_ARGUMENT, "no or too many weights are refused");
    Buffer<Bf16> half(4);
    awl_tensor two[] = {tw, half.view({1, 4})};
    ty = y.view({2, 3});
    expect(awl_linear_rows(&tx, two, 2, &ty, nullptr) == AWL_BAD_ARGUMENT, "weights of two dtypes are refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (const Shape &shape : shapes) {
            contract<float>(shape);
            contract<Bf16>(shape);
        }
        for (int64_t rows : {1, 2, 5}) {
            several<float>(rows, 577);
            several<Bf16>(rows, 577);
        }
        refuses();
    });
    return report("linear_rows");
}
