// Contract of dropout: what stays is scaled, the share that goes is the one asked for, and a number's fate depends on its
// row's key, the stream and its column alone.
#include "harness.h"

namespace {

// The random bits once more, from their description in kernels.h.
uint32_t bits(int64_t key, int64_t stream, uint32_t column) {
    uint64_t z = (uint64_t)key + (uint64_t)stream;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    uint32_t h = column * 0x9e3779b9u + (uint32_t)z;
    h = (h ^ (h >> 16)) * 0x7feb352du;
    h = ((h ^ (h >> 15)) + (uint32_t)(z >> 32)) * 0x846ca68bu;
    return h ^ (h >> 16);
}

template <class T>
void contract(int64_t rows, int64_t columns, int64_t gap, double share) {
    const std::string name = std::to_string(rows) + "x" + std::to_string(columns) + ", share " + std::to_string(share);
    const int64_t pitch = columns + gap, stream = -77;
    std::mt19937_64 random((uint64_t)(rows * 100 + columns));
    std::normal_distribution<float> normal;
    Buffer<T> x(rows > 0 ? rows * pitch - gap : 0), out(x.size());
    Buffer<int64_t> key(rows);
    for (int64_t i = 0; i < x.size(); i++) narrow(normal(random), x[i]), out[i] = x[i];
    for (int64_t n = 0; n < rows; n++) key[n] = (int64_t)random();
    x.upload(), out.upload(), key.upload();
    awl_tensor tx = x.view({rows, columns}), to = out.view({rows, columns}), tk = key.view({rows});
    tx.stride[0] = to.stride[0] = pitch;
    expect(awl_dropout(&tx, &tk, &to, share, stream, nullptr) == AWL_OK, name + ": " + awl_last_error());
    out.download();
    const uint32_t threshold = (uint32_t)(share * 4294967296.0);
    for (int64_t n = 0; n < rows; n++) {
        for (int64_t i = 0; i < pitch && n * pitch + i < out.size(); i++) {
            const int64_t at = n * pitch + i;
            T wanted = x[at];
            if (i < columns) narrow(bits(key[n], stream, (uint32_t)i) < threshold ? 0.f : (float)x.at(at) * (float)(1 / (1 - share)), wanted);
            expect(memcmp(&out[at], &wanted, sizeof(T)) == 0, name + ": a number");
        }
    }
    // In place, on three threads: the same bits.
    awl_set_threads(3);
    expect(awl_dropout(&tx, &tk, &tx, share, stream, nullptr) == AWL_OK, name + " in place");
    awl_set_threads(1);
    x.download();
    expect(x.size() == 0 || memcmp(&x[0], &out[0], (size_t)x.size() * sizeof(T)) == 0, name + ": in place, the same bits");
}

// Of 2^20 ones the dropped are binomial; so are those dropped in two neighbouring columns, rows or streams at once.
void independence() {
    const int64_t rows = 1024, columns = 1024;
    const double share = 0.1;
    Buffer<float> x(rows * columns), out(rows * columns), other(rows * columns);
    Buffer<int64_t> key(rows);
    for (int64_t i = 0; i < x.size(); i++) x[i] = 1;
    for (int64_t n = 0; n < rows; n++) key[n] = n;
    x.upload(), key.upload();
    awl_tensor tx = x.view({rows, columns}), to = out.view({rows, columns}), tt = other.view({rows, columns}), tk = key.view({rows});
    expect(awl_dropout(&tx, &tk, &to, share, 5000, nullptr) == AWL_OK, awl_last_error());
    expect(awl_dropout(&tx, &tk, &tt, share, 123456789, nullptr) == AWL_OK, awl_last_error());
    out.download(), other.download();
    double dropped = 0, beside = 0, below = 0, twice = 0;
    for (int64_t n = 0; n + 1 < rows; n++) {
        for (int64_t i = 0; i + 1 < columns; i++) {
            const bool gone = out[n * columns + i] == 0;
            dropped += gone;
            beside += gone && out[n * columns + i + 1] == 0;
            below += gone && out[(n + 1) * columns + i] == 0;
            twice += gone && other[n * columns + i] == 0;
        }
    }
    const double count = (rows - 1.0) * (columns - 1.0), pair = share * share;
    const auto near = [&](double found, double p, const char *what) {
        expect(fabs(found - count * p) < 5 * sqrt(count * p * (1 - p)), std::string(what) + ": " + std::to_string(found / count));
    };
    near(dropped, share, "dropped");
    near(beside, pair, "neighbours in a row");
    near(below, pair, "neighbours in a column");
    near(twice, pair, "the same place of two streams");
}

void refuses() {
    Buffer<float> x(6);
    Buffer<int64_t> key(2);
    awl_tensor tx = x.view({2, 3}), tk = key.view({2}), ts = key.view({1}), to = x.view({3, 2});
    expect(awl_dropout(&tx, &ts, &tx, 0.5, 0, nullptr) == AWL_BAD_ARGUMENT, "a key too few");
    expect(awl_dropout(&tx, &tk, &to, 0.5, 0, nullptr) == AWL_BAD_ARGUMENT, "an output of another shape");
    expect(awl_dropout(&tx, &tk, &tx, 1, 0, nullptr) == AWL_BAD_ARGUMENT, "a share of one");
    expect(!strcmp(awl_last_error(), "dropout: share: expected a number from 0 to below 1, got 1"), awl_last_error());
    expect(awl_dropout(nullptr, &tk, &tx, 0.5, 0, nullptr) == AWL_BAD_ARGUMENT, "no tensor");
}

}  // namespace

int main() {
    if (skip_without_device()) return 77;
    awl_set_threads(1);
    each_instruction_set([] {
        for (double share : {0.0, 0.1, 0.5, 0.999}) {
            contract<float>(0, 8, 0, share), contract<Bf16>(3, 0, 2, share);
            contract<float>(1, 1, 0, share), contract<Bf16>(1, 1, 0, share);
            contract<float>(7, 33, 0, share), contract<Bf16>(7, 33, 3, share);
            contract<float>(5, 64, 16, share), contract<Bf16>(5, 64, 0, share);
            contract<float>(2, 4099, 1, share), contract<Bf16>(3, 2048, 0, share);
        }
        refuses();
    });
    independence();
    return report("dropout");
}
