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
    expect(awl_linear_rows(&tx, &tw, &ty, nullptr) == AWL_OK, name + ": " + awl_last_error());
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
        expect(awl_linear_rows(&one, &tw, &out, nullptr) == AWL_OK, name + " alone");
        alone.download();
        for (int64_t o = 0; o < m; o++) expect(alone[o] == y[row * m + o], name + " has the same bits alone");
    }
    awl_set_threads(1);
}

void refuses() {
    Buffer<float> x(8), w(12), y(6);
    awl_tensor tx = x.view({2, 4}), tw = w.view({4, 3}), ty = y.view({2, 3});
    expect(awl_linear_rows(&tx, &tw, &ty, nullptr) == AWL_BAD_ARGUMENT, "a weight of another width is refused");
    tw = w.view({3, 4});
    ty = y.view({3, 2});
    expect(awl_linear_rows(&tx, &tw, &ty, nullptr) == AWL_BAD_ARGUMENT, "an output of another shape is refused");
    ty = y.view({2, 3});
    tx.stride[1] = 2;
    expect(awl_linear_rows(&tx, &tw, &ty, nullptr) == AWL_BAD_ARGUMENT, "gaps inside a row are refused");
    expect(awl_linear_rows(nullptr, &tw, &ty, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
    expect(awl_linear_rows(&tx, nullptr, &ty, nullptr) == AWL_BAD_ARGUMENT, "no weight is refused");
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
        refuses();
    });
    return report("linear_rows");
}
