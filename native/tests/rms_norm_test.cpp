// Contract of rms_norm and its gradient against float64, and of add_rms_norm and its gradient against them.
#include "harness.h"

namespace {

struct Shape {
    int64_t rows, width, blocks;
};

const Shape shapes[] = {{0, 16, 1},  {1, 1, 1},   {1, 7, 1},    {3, 8, 2},    {5, 31, 9},   {4, 33, 3},
                        {17, 64, 4}, {9, 577, 2}, {64, 576, 8}, {2, 1031, 1}, {300, 96, 64}};

template <class T>
void contract(const Shape &shape, double offset, double tolerance) {
    const int64_t n = shape.rows, d = shape.width;
    const std::string name = std::to_string(n) + "x" + std::to_string(d) + (offset != 0 ? " 1+w" : "");
    std::mt19937 random(n * 1000 + d);
    std::normal_distribution<float> normal;
    Buffer<T> x(n * d), w(d), y(n * d), dy(n * d), dx(n * d);
    Buffer<float> inverse(n), dw(d), workspace(shape.blocks * d);
    for (int64_t i = 0; i < n * d; i++) narrow(3 * normal(random), x[i]), narrow(normal(random), dy[i]);
    for (int64_t i = 0; i < d; i++) narrow(normal(random), w[i]), dw[i] = normal(random);
    std::vector<double> dw_before(d);
    for (int64_t i = 0; i < d; i++) dw_before[i] = dw[i];
    x.upload(), w.upload(), dy.upload(), dw.upload();

    awl_tensor tx = x.view({n, d}), tw = w.view({d}), ty = y.view({n, d}), ti = inverse.view({n});
    awl_tensor tdy = dy.view({n, d}), tdx = dx.view({n, d}), tdw = dw.view({d}), ts = workspace.view({shape.blocks, d});
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-5, offset, nullptr) == AWL_OK, name + ": " + awl_last_error());
    expect(awl_rms_norm_backward(&tdy, &tx, &tw, &ti, &tdx, &tdw, &ts, offset, nullptr) == AWL_OK,
           name + ": " + awl_last_error());
    y.download(), inverse.download(), dx.download(), dw.download();

    std::vector<double> dw_true(d), dw_scale(d);
    double worst_y = 0, worst_dx = 0;
    for (int64_t row = 0; row < n; row++) {
        double squares = 0, dot = 0, dot_scale = 0;
        for (int64_t i = 0; i < d; i++) squares += x.at(row * d + i) * x.at(row * d + i);
        const double r = 1 / sqrt(squares / d + 1e-5);
        for (int64_t i = 0; i < d; i++) {
            const double h = x.at(row * d + i) * r, g = dy.at(row * d + i) * (w.at(i) + offset);
            worst_y = fmax(worst_y, fabs(y.at(row * d + i) - h * (w.at(i) + offset)) / (1e-3 + fabs(h * (w.at(i) + offset))));
            dot += g * h / d;
            dot_scale += fabs(g * h / d);
            dw_true[i] += dy.at(row * d + i) * h;
            dw_scale[i] += fabs(dy.at(row * d + i) * h);
        }
        for (int64_t i = 0; i < d; i++) {
            const double h = x.at(row * d + i) * r, g = dy.at(row * d + i) * (w.at(i) + offset);
            const double scale = r * (fabs(g) + fabs(h) * dot_scale) + 1e-3 * r;
            worst_dx = fmax(worst_dx, fabs(dx.at(row * d + i) - r * (g - h * dot)) / scale);
        }
    }
    expect(worst_y <= tolerance, name + " y: relative error " + std::to_string(worst_y));
    expect(worst_dx <= 2 * tolerance, name + " dx: relative error " + std::to_string(worst_dx));
    for (int64_t i = 0; i < d; i++) {
        const double error = fabs(dw.at(i) - dw_before[i] - dw_true[i]);
        expect(error <= 1e-6 * (dw_scale[i] + fabs(dw_before[i])) + 1e-7, name + " dw[" + std::to_string(i) + "]");
    }

    // The same bits again, in place, whatever the number of threads and without the weight's gradient.
    std::vector<double> dx_first(n * d), dw_first(d);
    for (int64_t i = 0; i < n * d; i++) dx_first[i] = dx.at(i);
    for (int64_t i = 0; i < d; i++) dw_first[i] = dw.at(i), dw[i] = (float)dw_before[i];
    dw.upload();
    awl_set_threads(3);
    awl_tensor none = no_tensor();
    expect(awl_rms_norm_backward(&tdy, &tx, &tw, &ti, &tdy, &tdw, &ts, offset, nullptr) == AWL_OK, name + " in place");
    awl_set_threads(1);
    dy.download(), dw.download();
    for (int64_t i = 0; i < n * d; i++) expect(dy.at(i) == dx_first[i], name + " dx repeats");
    for (int64_t i = 0; i < d; i++) expect(dw.at(i) == dw_first[i], name + " dw repeats");
    expect(awl_rms_norm_backward(&tdx, &tx, &tw, &ti, &tdx, &none, &none, offset, nullptr) == AWL_OK, name + " frozen");
    expect(awl_rms_norm(&tx, &tw, &tx, &ti, 1e-5, offset, nullptr) == AWL_OK, name + " forward in place");
    x.download();
    for (int64_t i = 0; i < n * d; i++) expect(x.at(i) == y.at(i), name + " y in place");
}

// The residual sum's norm is the norm of the sum as it is stored, and its gradient has the sum's added.
template <class T>
void of_a_sum(const Shape &shape, double offset) {
    const int64_t n = shape.rows, d = shape.width;
    const std::string name = std::to_string(n) + "x" + std::to_string(d) + " of a sum";
    const double unit = sizeof(T) == 2 ? 1.0 / 256 : 1.2e-7;
    std::mt19937 random(n * 1000 + d + 1);
    std::normal_distribution<float> normal;
    Buffer<T> x(n * d), branch(n * d), w(d), sum(n * d), y(n * d), plain(n * d), dy(n * d), ds(n * d), dx(n * d), down(n * d);
    Buffer<float> inverse(n), inverse_plain(n), dw(d), dw_plain(d), workspace(shape.blocks * d);
    for (int64_t i = 0; i < n * d; i++) narrow(3 * normal(random), x[i]), narrow(normal(random), branch[i]);
    for (int64_t i = 0; i < n * d; i++) narrow(normal(random), dy[i]), narrow(normal(random), ds[i]);
    for (int64_t i = 0; i < d; i++) narrow(normal(random), w[i]), dw[i] = dw_plain[i] = normal(random);
    x.upload(), branch.upload(), w.upload(), dy.upload(), ds.upload(), dw.upload(), dw_plain.upload();
    awl_tensor tx = x.view({n, d}), tb = branch.view({n, d}), tw = w.view({d}), ts = sum.view({n, d}), ty = y.view({n, d});
    awl_tensor tp = plain.view({n, d}), ti = inverse.view({n}), tip = inverse_plain.view({n}), tdy = dy.view({n, d});
    awl_tensor tds = ds.view({n, d}), tdx = dx.view({n, d}), tl = down.view({n, d}), tdw = dw.view({d});
    awl_tensor tdp = dw_plain.view({d}), space = workspace.view({shape.blocks, d}), none = no_tensor();
    expect(awl_add_rms_norm(&tx, &tb, &tw, &ts, &ty, &ti, 1e-5, offset, nullptr) == AWL_OK, name + ": " + awl_last_error());
    expect(awl_rms_norm(&ts, &tw, &tp, &tip, 1e-5, offset, nullptr) == AWL_OK, name);
    expect(awl_add_rms_norm_backward(&tdy, &tds, &ts, &tw, &ti, &tdx, &tdw, &space, offset, nullptr) == AWL_OK,
           name + ": " + awl_last_error());
    expect(awl_rms_norm_backward(&tdy, &ts, &tw, &ti, &tl, &tdp, &space, offset, nullptr) == AWL_OK, name);
    sum.download(), y.download(), plain.download(), dx.download(), down.download(), inverse.download();
    inverse_plain.download(), dw.download(), dw_plain.download();
    for (int64_t i = 0; i < n * d; i++) {
        T stored;
        narrow(widen(x[i]) + widen(branch[i]), stored);
        expect(memcmp(&stored, &sum[i], sizeof(T)) == 0, name + ": the sum is rounded once");
        expect(memcmp(&plain[i], &y[i], sizeof(T)) == 0, name + ": y is the norm of what is stored");
        const double error = fabs(dx.at(i) - ds.at(i) - down.at(i));
        expect(error <= 2 * unit * (fabs(ds.at(i)) + fabs(down.at(i))), name + " dx");
    }
    for (int64_t i = 0; i < n; i++) expect(inverse[i] == inverse_plain[i], name + " inverse rms");
    for (int64_t i = 0; i < d; i++) expect(dw[i] == dw_plain[i], name + " dw");

    // In place, on three threads: the same bits.
    awl_set_threads(3);
    expect(awl_add_rms_norm_backward(&tdy, &tds, &ts, &tw, &ti, &tds, &none, &none, offset, nullptr) == AWL_OK, name);
    ds.download();
    expect(awl_add_rms_norm(&tx, &tb, &tw, &tb, &tp, &tip, 1e-5, offset, nullptr) == AWL_OK, name + " over the branch");
    awl_set_threads(1);
    branch.download(), plain.download();
    for (int64_t i = 0; i < n * d; i++) {
        expect(memcmp(&ds[i], &dx[i], sizeof(T)) == 0, name + " dx in place");
        expect(memcmp(&branch[i], &sum[i], sizeof(T)) == 0, name + " over the branch");
        expect(memcmp(&plain[i], &y[i], sizeof(T)) == 0, name + " y over the branch");
    }
    tb.size[1] = d + 1;
    expect(awl_add_rms_norm(&tx, &tb, &tw, &ts, &ty, &ti, 1e-5, offset, nullptr) == AWL_BAD_ARGUMENT, name + " refuses");
    expect(awl_add_rms_norm_backward(&tdy, &tb, &ts, &tw, &ti, &tdx, &none, &none, offset, nullptr) == AWL_BAD_ARGUMENT,
           name + " refuses a gradient of another shape");
}

// A weight stored in bf16 gives under f32 what its widened copy gives, bit for bit.
void narrow_weight(const Shape &shape, double offset) {
    const int64_t n = shape.rows, d = shape.width;
    const std::string name = std::to_string(n) + "x" + std::to_string(d) + " bf16 weight";
    std::mt19937 random(n * 1000 + d);
    std::normal_distribution<float> normal;
    Buffer<float> x(n * d), b(n * d), s(n * d), y(n * d), wide(d), y_wide(n * d), inverse(n);
    Buffer<Bf16> w(d);
    for (int64_t i = 0; i < n * d; i++) x[i] = 3 * normal(random), b[i] = normal(random);
    for (int64_t i = 0; i < d; i++) narrow(normal(random), w[i]), wide[i] = (float)w.at(i);
    x.upload(), b.upload(), w.upload(), wide.upload();
    awl_tensor tx = x.view({n, d}), tb = b.view({n, d}), ts = s.view({n, d}), tw = w.view({d}), ty = y.view({n, d});
    awl_tensor tv = wide.view({d}), tz = y_wide.view({n, d}), ti = inverse.view({n});
    for (bool adds : {false, true}) {
        const auto norm = [&](const awl_tensor &weight, awl_tensor &out) {
            return adds ? awl_add_rms_norm(&tx, &tb, &weight, &ts, &out, &ti, 1e-5, offset, nullptr)
                        : awl_rms_norm(&tx, &weight, &out, &ti, 1e-5, offset, nullptr);
        };
        expect(norm(tw, ty) == AWL_OK && norm(tv, tz) == AWL_OK, name + ": " + awl_last_error());
        y.download(), y_wide.download();
        for (int64_t i = 0; i < n * d; i++) expect(y[i] == y_wide[i], name + (adds ? " of a sum" : ""));
    }
}

void not_a_number_stays_in_its_row() {
    const int64_t n = 3, d = 37;
    Buffer<float> x(n * d), w(d), y(n * d), inverse(n);
    for (int64_t i = 0; i < n * d; i++) x[i] = 1.f + (float)(i % 5);
    for (int64_t i = 0; i < d; i++) w[i] = 1;
    x[1 * d + 36] = NAN;
    x.upload(), w.upload();
    awl_tensor tx = x.view({n, d}), tw = w.view({d}), ty = y.view({n, d}), ti = inverse.view({n});
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_OK, "nan");
    y.download();
    for (int64_t i = 0; i < d; i++) {
        expect(isfinite(y[i]) && isfinite(y[2 * d + i]), "rows beside a NaN are finite");
        expect(isnan(y[d + i]), "a NaN fills its row");
    }
}

void refuses() {
    Buffer<float> x(8), w(4), y(8), inverse(2);
    awl_tensor tx = x.view({2, 4}), tw = w.view({3}), ty = y.view({2, 4}), ti = inverse.view({2});
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_BAD_ARGUMENT, "a short weight is refused");
    expect(!strcmp(awl_last_error(), "rms_norm: weight: axis 0: expected size 4, got 3"), awl_last_error());
    tw = w.view({4});
    tx.dtype = AWL_BF16;
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_BAD_ARGUMENT, "a wider weight is refused");
    expect(!strcmp(awl_last_error(), "rms_norm: weight: expected bf16, got f32"), awl_last_error());
    tx = x.view({2, 4});
    tw.dtype = AWL_BF16;
    awl_tensor none = {};
    expect(awl_rms_norm_backward(&tx, &tx, &tw, &ti, &ty, &none, &none, 0, nullptr) == AWL_BAD_ARGUMENT,
           "a narrower weight is for the forward pass");
    expect(!strcmp(awl_last_error(), "rms_norm_backward: weight: expected f32, got bf16"), awl_last_error());
    tw = w.view({4});
    tx.stride[0] = 5;
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_BAD_ARGUMENT, "gaps between rows are refused");
    tx = x.view({2, 4});
    tx.device = test_device == AWL_CPU ? AWL_CUDA : AWL_CPU;
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_BAD_ARGUMENT, "foreign memory is refused");
    tx = x.view({2, 4});
    expect(awl_rms_norm(nullptr, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_BAD_ARGUMENT, "no tensor is refused");
    x.upload(), w.upload();
    expect(awl_rms_norm(&tx, &tw, &ty, &ti, 1e-6, 0, nullptr) == AWL_OK && !*awl_last_error(), "success clears the error");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (const Shape &shape : shapes) {
            for (double offset : {0.0, 1.0}) {
                contract<float>(shape, offset, 2e-6);
                contract<Bf16>(shape, offset, 1.0 / 128);
                of_a_sum<float>(shape, offset);
                of_a_sum<Bf16>(shape, offset);
                narrow_weight(shape, offset);
            }
        }
        not_a_number_stays_in_its_row();
        refuses();
    });
    return report("rms_norm");
}
