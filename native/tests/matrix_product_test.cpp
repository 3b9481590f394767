// Contract of matrix_product against float64.
#include "harness.h"

namespace {

struct Shape {
    int64_t rows, depth, columns;
};

const Shape shapes[] = {{0, 4, 4},     {3, 0, 5},      {1, 1, 1},     {2, 7, 3},    {6, 16, 16},   {7, 321, 17},
                        {31, 40, 33},  {150, 64, 16},  {301, 9, 70},  {16, 700, 65}, {5, 33, 2100}, {20, 641, 95},
                        {289, 5, 2049},
                        {150, 1600, 70}, {17, 1599, 1030}};

constexpr int64_t space(int64_t threads) { return AWL_PRODUCT_SPACE + threads * AWL_PRODUCT_SPACE_THREAD; }

// [rows, columns], stored as it is or as its transpose, rows of memory `gap` longer than needed.
template <class T>
struct Matrix {
    Matrix(int64_t rows, int64_t columns, bool turned, int64_t gap, std::mt19937 &random)
        : row(turned ? 1 : columns + gap),
          column(turned ? rows + gap : 1),
          memory(turned ? (columns ? columns * (rows + gap) - gap : 0) : (rows ? rows * (columns + gap) - gap : 0)) {
        std::normal_distribution<float> normal;
        for (int64_t i = 0; i < memory.size(); i++) narrow(normal(random), memory[i]);
        view = memory.view({rows, columns});
        view.stride[0] = row;
        view.stride[1] = column;
    }
    double at(int64_t r, int64_t c) const { return memory.at(r * row + c * column); }
    // Its `lines` rows or columns of `length` numbers, one after the other.
    std::vector<double> lines(int64_t lines, int64_t length, bool rows) const {
        std::vector<double> all(lines * length);
        for (int64_t i = 0; i < lines; i++)
            for (int64_t k = 0; k < length; k++) all[i * length + k] = rows ? at(i, k) : at(k, i);
        return all;
    }

    int64_t row, column;
    Buffer<T> memory;
    awl_tensor view;
};

// A, B and C as stored.
template <class A, class B, class C = float>
void contract(const Shape &s, bool a_turned, bool b_turned, bool add, double scale) {
    const std::string name = std::to_string(s.rows) + "x" + std::to_string(s.depth) + "x" + std::to_string(s.columns) +
                             (a_turned ? " A^T" : "") + (b_turned ? " B^T" : "") + (add ? " added" : "") + (sizeof(A) == 2 ? " bf16" : " f32") +
                             (sizeof(B) == 2 ? " bf16" : " f32");
    std::mt19937 random((unsigned)(s.rows * 100 + s.depth * 10 + s.columns));
    Matrix<A> a(s.rows, s.depth, a_turned, 3, random);
    Matrix<B> b(s.depth, s.columns, b_turned, 2, random);
    Matrix<C> c(s.rows, s.columns, false, 5, random), again(s.rows, s.columns, false, 5, random);
    std::vector<double> before(c.memory.size());
    for (int64_t i = 0; i < c.memory.size(); i++) before[i] = c.memory.at(i), again.memory[i] = c.memory[i];
    a.memory.upload(), b.memory.upload(), c.memory.upload(), again.memory.upload();
    Buffer<float> one(space(1)), three(space(3));
    awl_tensor room = one.view({space(1)});
    awl_set_threads(1);
    expect(awl_matrix_product(&a.view, &b.view, &c.view, &room, scale, add, nullptr) == AWL_OK,
           name + ": " + awl_last_error());
    c.memory.download();
    const std::vector<double> left = a.lines(s.rows, s.depth, true), right = b.lines(s.columns, s.depth, false);
    for (int64_t i = 0; i < s.rows; i++) {
        for (int64_t j = 0; j < c.row && i * c.row + j < c.memory.size(); j++) {
            const double was = before[i * c.row + j];
            if (j >= s.columns) {
                expect(c.memory.at(i * c.row + j) == was, name + " writes nothing between the rows");
                continue;
            }
            double sum = 0, size = 0;
            const double *x = left.data() + i * s.depth, *y = right.data() + j * s.depth;
            for (int64_t k = 0; k < s.depth; k++) {
                sum += x[k] * y[k];
                size += fabs(x[k] * y[k]);
            }
            const double expected = (add ? was : 0) + scale * sum;
            const double bound = 2e-7 * (fabs(was) + fabs(scale) * size * sqrt((double)s.depth + 1)) + 1e-30 +
                                 (sizeof(C) == 2 ? fabs(expected) / 256 : 0);
            expect(fabs(c.at(i, j) - expected) <= bound, name + " row " + std::to_string(i));
        }
    }
    awl_set_threads(3);
    room = three.view({space(3)});
    expect(awl_matrix_product(&a.view, &b.view, &again.view, &room, scale, add, nullptr) == AWL_OK, name + " on three");
    again.memory.download();
    for (int64_t i = 0; i < c.memory.size(); i++)
        expect(memcmp(&c.memory[i], &again.memory[i], sizeof(C)) == 0, name + " has the same bits on three threads");
    awl_set_threads(1);
}

#ifndef AWL_TEST_CUDA
// The pair beside a product is what both products make one after the other in float32, rounded once.
template <class A, class B, class C>
void pair(const Shape &s, int64_t rank, bool turned, bool add) {
    const std::string name = "pair of " + std::to_string(rank) + " beside " + std::to_string(s.rows) + "x" +
                             std::to_string(s.depth) + "x" + std::to_string(s.columns) + (add ? " added" : "");
    std::mt19937 random((unsigned)(s.rows * 100 + s.depth * 10 + s.columns + rank));
    Matrix<A> a(s.rows, s.depth, false, 3, random), low(s.rows, rank, false, 1, random);
    Matrix<B> b(s.depth, s.columns, turned, 2, random), up(rank, s.columns, turned, 1, random);
    Matrix<C> c(s.rows, s.columns, false, 5, random), again(s.rows, s.columns, false, 5, random);
    std::vector<double> before(c.memory.size());
    for (int64_t i = 0; i < c.memory.size(); i++) before[i] = c.memory.at(i), again.memory[i] = c.memory[i];
    Buffer<float> one(space(1)), three(space(3));
    awl_tensor room = one.view({space(1)});
    awl_set_threads(1);
    expect(awl_low_rank_product(&a.view, &b.view, &low.view, &up.view, &c.view, &room, add, nullptr) == AWL_OK,
           name + ": " + awl_last_error());
    for (int64_t i = 0; i < s.rows; i++) {
        for (int64_t j = 0; j < c.row && i * c.row + j < c.memory.size(); j++) {
            const double was = before[i * c.row + j];
            if (j >= s.columns) {
                expect(c.memory.at(i * c.row + j) == was, name + " writes nothing between the rows");
                continue;
            }
            double sum = add ? was : 0, size = fabs(sum);
            const auto join = [&](double term) { sum += term, size += fabs(term); };
            for (int64_t k = 0; k < s.depth; k++) join(a.at(i, k) * b.at(k, j));
            for (int64_t r = 0; r < rank; r++) join(low.at(i, r) * up.at(r, j));
            const double bound = 2e-7 * size * sqrt((double)(s.depth + rank) + 1) + 1e-30 + (sizeof(C) == 2 ? fabs(sum) / 256 : 0);
            expect(fabs(c.at(i, j) - sum) <= bound, name + " row " + std::to_string(i));
        }
    }
    awl_set_threads(3);
    room = three.view({space(3)});
    expect(awl_low_rank_product(&a.view, &b.view, &low.view, &up.view, &again.view, &room, add, nullptr) == AWL_OK, name);
    for (int64_t i = 0; i < c.memory.size(); i++)
        expect(memcmp(&c.memory[i], &again.memory[i], sizeof(C)) == 0, name + " has the same bits on three threads");
    awl_set_threads(1);
}

void pairs() {
    const Shape beside[] = {{0, 4, 4}, {3, 0, 5}, {1, 1, 1}, {31, 40, 33}, {20, 641, 95}, {150, 1600, 70}, {17, 1599, 1030}};
    for (const Shape &s : beside) {
        for (const int64_t rank : {0, 1, 7, 16, AWL_PRODUCT_DEPTH}) {
            const bool odd = rank & 1;
            pair<float, float, float>(s, rank, odd, !odd);
            pair<float, float, float>(s, rank, !odd, !odd);
            pair<Bf16, Bf16, Bf16>(s, rank, true, false);
            pair<Bf16, Bf16, Bf16>(s, rank, false, true);
            pair<Bf16, Bf16, float>(s, rank, odd, true);
            pair<Bf16, float, Bf16>(s, rank, odd, false);
        }
    }
    Buffer<float> x(12), y(12), z(12), low(2 * 400), up(4 * 400), room(space(1));
    awl_tensor a = x.view({2, 3}), b = y.view({3, 4}), c = z.view({2, 4}), w = room.view({space(1)});
    awl_tensor l = low.view({2, 5}), u = up.view({5, 4});
    auto call = [&] { return awl_low_rank_product(&a, &b, &l, &u, &c, &w, 0, nullptr); };
    expect(call() == AWL_OK, "a pair that fits is taken");
    u = up.view({4, 4});
    expect(call() == AWL_BAD_ARGUMENT, "another rank is refused");
    l = low.view({2, 400}), u = up.view({400, 4});
    expect(call() == AWL_BAD_ARGUMENT, "too large a rank is refused");
}
#endif

void refuses() {
    Buffer<float> x(12), y(12), z(12), small(8), room(space(1));
    awl_tensor a = x.view({2, 3}), b = y.view({3, 4}), c = z.view({2, 4}), w = room.view({space(1)});
    auto call = [&] { return awl_matrix_product(&a, &b, &c, &w, 1, 0, nullptr); };
    expect(call() == AWL_OK, "what fits is taken");
    b = y.view({4, 3});
    expect(call() == AWL_BAD_ARGUMENT, "another inner axis is refused");
    b = y.view({3, 4});
    c = z.view({4, 2});
    expect(call() == AWL_BAD_ARGUMENT, "a result of another shape is refused");
    c = z.view({2, 4});
    a.stride[0] = 4, a.stride[1] = 2;
    expect(call() == AWL_BAD_ARGUMENT, "gaps in both axes are refused");
    a = x.view({2, 3});
    c.stride[0] = 1, c.stride[1] = 2;
    expect(call() == AWL_BAD_ARGUMENT, "a transposed result is refused");
    c = z.view({2, 4});
#ifndef AWL_TEST_CUDA
    w = small.view({8});
    expect(call() == AWL_BAD_ARGUMENT, "too small a workspace is refused");
    w = room.view({space(1)});
    const int64_t deep = AWL_PRODUCT_HALF_DEPTH + 1;
    Buffer<float> left(deep), right(deep);
    Buffer<Bf16> out(1);
    a = left.view({1, deep}), b = right.view({deep, 1}), c = out.view({1, 1});
    expect(call() == AWL_BAD_ARGUMENT, "sums too long to be rounded once are refused");
    a = x.view({2, 3}), b = y.view({3, 4}), c = z.view({2, 4});
#else
    Buffer<Bf16> narrow(12);
    b = narrow.view({3, 4});
    expect(call() == AWL_BAD_ARGUMENT, "operands of two dtypes are refused");
#endif
    expect(awl_matrix_product(nullptr, &b, &c, &w, 1, 0, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    each_instruction_set([] {
        for (const Shape &shape : shapes) {
            for (int i = 0; i < 8; i++) {
                contract<float, float>(shape, i & 1, i & 2, i & 4, i & 4 ? -0.5 : 1);
            }
            contract<Bf16, Bf16>(shape, true, false, false, 1);
            contract<Bf16, Bf16>(shape, false, true, true, -0.5);
#ifndef AWL_TEST_CUDA
            contract<float, Bf16>(shape, false, true, false, 1);
            contract<Bf16, float>(shape, true, false, true, 1);
            contract<float, Bf16, Bf16>(shape, false, true, true, 1);
#endif
            contract<Bf16, Bf16, Bf16>(shape, true, false, false, 1);
            contract<Bf16, Bf16, Bf16>(shape, false, true, true, -0.5);
        }
        refuses();
#ifndef AWL_TEST_CUDA
        pairs();
#endif
    });
    return report("matrix_product");
}
