// Contract of rope against float64.
#include "harness.h"

namespace {

struct Shape {
    int64_t tokens, heads, width, rotated, gap;  // gap: numbers between a token's last head and the next token
};

const Shape shapes[] = {{0, 2, 8, 8, 0}, {1, 1, 2, 2, 0},   {3, 2, 7, 6, 5},    {5, 3, 16, 16, 0},  {4, 12, 64, 64, 192},
                        {2, 5, 80, 32, 3}, {7, 3, 34, 34, 1}, {2, 4, 256, 66, 0}, {40, 6, 64, 64, 64}, {2, 0, 8, 8, 3},
                        {3, 2, 8, 0, 0}};

// x lies in rows of heads * width + gap numbers; the last row ends with its last head, at a guard page.
template <class T>
void contract(const Shape &s) {
    const std::string name = std::to_string(s.tokens) + "x" + std::to_string(s.heads) + "x" + std::to_string(s.width) +
                             " rotating " + std::to_string(s.rotated);
    const double unit = sizeof(T) == 2 ? 1.0 / 256 : 1e-7;
    const int64_t row = s.heads * s.width + s.gap, half = s.rotated / 2;
    std::mt19937 random((unsigned)(s.tokens * 1000 + s.width));
    std::normal_distribution<float> normal;
    Buffer<T> x(s.tokens > 0 ? s.tokens * row - s.gap : 0), again(x.size()), before(x.size());
    Buffer<float> cosine(s.tokens * s.rotated), sine(s.tokens * s.rotated);
    for (int64_t i = 0; i < x.size(); i++) narrow(normal(random), x[i]), again[i] = before[i] = x[i];
    for (int64_t n = 0; n < s.tokens; n++) {
        for (int64_t i = 0; i < half; i++) {
            const float angle = 10 * normal(random);
            cosine[n * s.rotated + i] = cosine[n * s.rotated + half + i] = 1.5f * cosf(angle);
            sine[n * s.rotated + half + i] = 1.5f * sinf(angle);
            sine[n * s.rotated + i] = -sine[n * s.rotated + half + i];
        }
    }
    x.upload(), again.upload(), cosine.upload(), sine.upload();
    awl_tensor tc = cosine.view({s.tokens, s.rotated}), ts = sine.view({s.tokens, s.rotated});
    auto view = [&](Buffer<T> &of) {
        awl_tensor t = of.view({s.tokens, s.heads, s.width});
        t.stride[0] = row;
        return t;
    };
    awl_tensor tx = view(x), ta = view(again);
    for (const int sign : {1, -1}) {
        expect(awl_rope(&tx, &tc, &ts, sign, nullptr) == AWL_OK, name + ": " + awl_last_error());
        x.download();
        for (int64_t n = 0; n < s.tokens; n++) {
            for (int64_t i = 0; i < row && n * row + i < x.size(); i++) {
                const int64_t at = n * row + i, e = i % s.width;
                if (i >= s.heads * s.width || e >= s.rotated) {
                    expect(x.at(at) == before.at(at), name + ": what is not rotated stays");
                    continue;
                }
                const int64_t swapped = at - e + (e + half) % s.rotated;
                const double c = cosine[n * s.rotated + e], d = sign * (double)sine[n * s.rotated + e];
                const double size = fabs(before.at(at) * c) + fabs(before.at(swapped) * d);
                expect(fabs(x.at(at) - before.at(at) * c - before.at(swapped) * d) <= 2 * unit * size + 1e-30, name);
            }
        }
        awl_set_threads(3);
        expect(awl_rope(&ta, &tc, &ts, sign, nullptr) == AWL_OK, name + " on three threads");
        awl_set_threads(1);
        again.download();
        for (int64_t i = 0; i < x.size(); i++)
            expect(memcmp(&x[i], &again[i], sizeof(T)) == 0, name + " has the same bits on three threads");
        for (int64_t i = 0; i < x.size(); i++) before[i] = x[i];
    }
}

void not_a_number_stays_in_its_pair() {
    Buffer<float> x(16), cosine(8), sine(8);
    for (int64_t i = 0; i < 16; i++) x[i] = 1;
    for (int64_t i = 0; i < 8; i++) cosine[i] = sine[i] = 0.5f;
    x[9] = NAN;
    x.upload(), cosine.upload(), sine.upload();
    awl_tensor tx = x.view({2, 1, 8}), tc = cosine.view({2, 4}), ts = sine.view({2, 4});
    expect(awl_rope(&tx, &tc, &ts, 1, nullptr) == AWL_OK, "nan");
    x.download();
    for (int64_t i = 0; i < 16; i++) expect(isnan(x[i]) == (i == 9 || i == 11), "a NaN reaches its pair alone");
}

void refuses() {
    Buffer<float> x(24), angles(16);
    awl_tensor tx = x.view({2, 2, 6}), ta = angles.view({2, 5}), tb = angles.view({2, 4}), tc = angles.view({2, 8});
    expect(awl_rope(&tx, &ta, &ta, 1, nullptr) == AWL_BAD_ARGUMENT, "an odd width is refused");
    expect(!strcmp(awl_last_error(), "rope: cosine: expected an even number of columns, at most 6, got 5"), awl_last_error());
    expect(awl_rope(&tx, &tc, &tc, 1, nullptr) == AWL_BAD_ARGUMENT, "more than a head is refused");
    expect(awl_rope(&tx, &tb, &ta, 1, nullptr) == AWL_BAD_ARGUMENT, "a sine of another shape is refused");
    expect(awl_rope(&tx, &tb, &tb, 2, nullptr) == AWL_BAD_ARGUMENT, "a sign of 2 is refused");
    tx.stride[2] = 2;
    expect(awl_rope(&tx, &tb, &tb, 1, nullptr) == AWL_BAD_ARGUMENT, "gaps inside a head are refused");
    tx = x.view({2, 2, 6});
    tx.dtype = AWL_F64;
    expect(awl_rope(&tx, &tb, &tb, 1, nullptr) == AWL_BAD_ARGUMENT, "float64 is refused");
    expect(awl_rope(nullptr, &tb, &tb, 1, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
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
        not_a_number_stays_in_its_pair();
        refuses();
    });
    return report("rope");
}
