// Contract of cache_attention against float64.
#include "harness.h"

namespace {

struct Case {
    int64_t heads, kv_heads, width, rotated, slots, capacity, window;
    double soft_cap;
    std::vector<int64_t> slot, position;
};

const Case cases[] = {{1, 1, 1, 0, 1, 1, 0, 0, {0}, {0}},
                      {3, 1, 8, 8, 2, 9, 0, 0, {1}, {5}},
                      {9, 3, 64, 64, 4, 200, 0, 0, {0, 1, 2, 3}, {0, 64, 130, 199}},
                      {4, 2, 33, 10, 2, 70, 0, 20, {0, 0, 1}, {64, 65, 3}},
                      {7, 1, 20, 20, 1, 150, 40, 0, {0, 0}, {100, 101}},
                      {10, 2, 512, 64, 1, 300, 0, 0, {0}, {260}},
                      {4, 4, 100, 64, 3, 17, 5, 3, {2, 0, 1}, {16, 2, 4}},
                      // Enough numbers that threads share the storing, too.
                      {10, 2, 512, 64, 1, 16, 0, 0, std::vector<int64_t>(13, 0), {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}};

// As it is read back once stored; float64 stands for float32.
template <class T>
double stored(double v) {
    if (sizeof(T) > 2) return v;
    T at;
    narrow((float)v, at);
    return widen(at);
}

// T of projected, keys, values and out; what is expected is computed from their rounded values. Returns what the kernel
// wrote: out, keys and values.
template <class T>
std::vector<T> contract(const Case &c) {
    const double unit = sizeof(T) == 2 ? 1.0 / 256 : 0;
    const int64_t n = (int64_t)c.slot.size(), h = c.heads, kh = c.kv_heads, e = c.width, r = c.rotated;
    const int64_t columns = (h + 2 * kh) * e, cached = c.slots * kh * c.capacity * e;
    const std::string name = std::to_string(h) + "/" + std::to_string(kh) + "x" + std::to_string(e) + (unit > 0 ? " bf16" : "");
    std::mt19937 random(columns);
    std::normal_distribution<float> normal;
    Buffer<T> projected(n * columns), keys(cached), values(cached), out(n * h * e);
    Buffer<float> cosine(n * r), sine(n * r);
    Buffer<int64_t> slot(n), position(n);
    for (int64_t i = 0; i < n * columns; i++) narrow(normal(random), projected[i]);
    for (int64_t i = 0; i < cached; i++) narrow(normal(random), keys[i]), narrow(normal(random), values[i]);
    for (int64_t row = 0; row < n; row++) {
        slot[row] = c.slot[row], position[row] = c.position[row];
        for (int64_t i = 0; i < r; i++) {
            const double angle = 0.3 * (double)(row + 1) / (double)(1 + i % (r / 2));
            cosine[row * r + i] = (float)cos(angle);
            sine[row * r + i] = (float)(i < r / 2 ? -sin(angle) : sin(angle));
        }
    }
    std::vector<double> x(n * columns), k(cached), v(cached);
    for (int64_t i = 0; i < n * columns; i++) x[i] = projected.at(i);
    for (int64_t i = 0; i < cached; i++) k[i] = keys.at(i), v[i] = values.at(i);
    for (int64_t row = 0; row < n; row++) {
        for (int64_t head = 0; head < h + kh; head++) {
            double *at = &x[row * columns + head * e];
            for (int64_t i = 0; i < r / 2; i++) {
                const double a = at[i], b = at[i + r / 2];
                at[i] = a * cosine.at(row * r + i) + b * sine.at(row * r + i);
                at[i + r / 2] = b * cosine.at(row * r + i + r / 2) + a * sine.at(row * r + i + r / 2);
                at[i] = stored<T>(at[i]), at[i + r / 2] = stored<T>(at[i + r / 2]);
            }
        }
        for (int64_t head = 0; head < kh; head++) {
            const int64_t to = ((c.slot[row] * kh + head) * c.capacity + c.position[row]) * e;
            for (int64_t i = 0; i < e; i++) {
                k[to + i] = x[row * columns + (h + head) * e + i];
                v[to + i] = x[row * columns + (h + kh + head) * e + i];
            }
        }
    }
    projected.upload(), cosine.upload(), sine.upload(), keys.upload(), values.upload(), slot.upload(), position.upload();
    awl_tensor tp = projected.view({n, columns}), tc = cosine.view({n, r}), ts = sine.view({n, r});
    awl_tensor tk = keys.view({c.slots, kh, c.capacity, e}), tv = values.view({c.slots, kh, c.capacity, e});
    awl_tensor tslot = slot.view({n}), tpos = position.view({n}), to = out.view({n, h * e});
    const double scale = 1 / sqrt((double)e);
    expect(awl_cache_attention(&tp, &tc, &ts, &tk, &tv, &tslot, &tpos, &to, scale, c.soft_cap, c.window, nullptr) ==
               AWL_OK,
           name + ": " + awl_last_error());
    out.download(), keys.download(), values.download();
    double worst = 0;
    // A rotated number may lie between two of bfloat16's.
    for (int64_t i = 0; i < cached; i++)
        worst = fmax(worst, fmax(fabs(keys.at(i) - k[i]) - 2 * unit * fabs(k[i]), fabs(values.at(i) - v[i])));
    expect(worst <= 1e-6, name + " cache: error " + std::to_string(worst));
    worst = 0;
    for (int64_t row = 0; row < n; row++) {
        for (int64_t head = 0; head < h; head++) {
            const int64_t base = (c.slot[row] * kh + head / (h / kh)) * c.capacity * e;
            const int64_t last = c.position[row];
            const int64_t first = c.window > 0 && last + 1 > c.window ? last + 1 - c.window : 0;
            std::vector<double> p(last + 1 - first), sum(e);
            double most = -1e300, total = 0;
            for (int64_t t = first; t <= last; t++) {
                double z = 0;
                for (int64_t i = 0; i < e; i++) z += x[row * columns + head * e + i] * k[base + t * e + i];
                z *= scale;
                if (c.soft_cap > 0) z = c.soft_cap * tanh(z / c.soft_cap);
                p[t - first] = z;
                most = fmax(most, z);
            }
            for (double &z : p) total += z = exp(z - most);
            for (int64_t t = first; t <= last; t++)
                for (int64_t i = 0; i < e; i++) sum[i] += p[t - first] / total * v[base + t * e + i];
            for (int64_t i = 0; i < e; i++)
                worst = fmax(worst, fabs(out.at((row * h + head) * e + i) - sum[i]) / (0.1 + fabs(sum[i])));
        }
    }
    expect(worst <= 2e-5 + 2 * unit, name + ": error " + std::to_string(worst));
    std::vector<T> wrote;
    for (Buffer<T> *each : {&out, &keys, &values})
        for (int64_t i = 0; i < each->size(); i++) wrote.push_back((*each)[i]);
    return wrote;
}

// The contract on one thread and on three, which must not change a bit.
template <class T>
void on_any_threads(const Case &c) {
    awl_set_threads(1);
    const std::vector<T> one = contract<T>(c);
    awl_set_threads(3);
    const std::vector<T> three = contract<T>(c);
    expect(one.size() == three.size() && !memcmp(one.data(), three.data(), one.size() * sizeof(T)),
           std::to_string(c.heads) + "x" + std::to_string(c.width) + ": other bits on three threads than on one");
}

void refuses() {
    Buffer<float> p(12), cs(2), sn(2), keys(8), values(8), out(4);
    Buffer<int64_t> slot(1), position(1);
    slot[0] = 0, position[0] = 3;
    slot.upload(), position.upload(), p.upload(), cs.upload(), sn.upload(), keys.upload(), values.upload();
    awl_tensor tp = p.view({1, 8}), tc = cs.view({1, 2}), ts = sn.view({1, 2}), tk = keys.view({1, 1, 4, 2});
    awl_tensor tv = values.view({1, 1, 4, 2}), tslot = slot.view({1}), tpos = position.view({1}), to = out.view({1, 4});
    const auto call = [&] { return awl_cache_attention(&tp, &tc, &ts, &tk, &tv, &tslot, &tpos, &to, 1, 0, 0, nullptr); };
    expect(call() == AWL_OK, awl_last_error());
    for (bool far : {true, false}) {
        position[0] = far ? 4 : 3, slot[0] = far ? 0 : 1;
        slot.upload(), position.upload();
        const int32_t status = call();
        out.download();
        // Where nothing is read back from a device, such a token gets no answer instead.
        expect(test_device == AWL_CPU ? status == AWL_BAD_ARGUMENT : status == AWL_OK && isnan(out[0]) && isnan(out[3]),
               far ? "a position behind the cache" : "a slot that is not there");
    }
    slot[0] = 0;
    tp = p.view({1, 12});
    expect(call() == AWL_BAD_ARGUMENT, "other columns are refused");
    tp = p.view({1, 8});
    Buffer<Bf16> narrow_keys(8);
    tk = narrow_keys.view({1, 1, 4, 2});
    expect(call() == AWL_BAD_ARGUMENT, "keys of another dtype than the queries are refused");
    tk = keys.view({1, 1, 4, 2});
    tv = values.view({1, 1, 2, 4});
    expect(call() == AWL_BAD_ARGUMENT, "values of another shape than keys are refused");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    each_instruction_set([] {
        for (const Case &c : cases) on_any_threads<float>(c), on_any_threads<Bf16>(c);
        refuses();
    });
    return report("cache_attention");
}
