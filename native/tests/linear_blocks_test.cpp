// Contract of linear_blocks and dequantize: every format against a decoder written down value by value, against float64,
// and against linear_rows bit by bit.
#include "harness.h"

namespace {

struct Format {
    int32_t dtype;
    int64_t values, bytes;
    const char *name;
};

const Format formats[] = {
    {AWL_BLOCKS_F16, 32, 64, "F16"},   {AWL_BLOCKS_BF16, 32, 64, "BF16"},  {AWL_BLOCKS_Q4_0, 32, 18, "Q4_0"},
    {AWL_BLOCKS_Q4_1, 32, 20, "Q4_1"}, {AWL_BLOCKS_Q5_0, 32, 22, "Q5_0"},  {AWL_BLOCKS_Q5_1, 32, 24, "Q5_1"},
    {AWL_BLOCKS_Q8_0, 32, 34, "Q8_0"}, {AWL_BLOCKS_Q4_K, 256, 144, "Q4_K"}, {AWL_BLOCKS_Q5_K, 256, 176, "Q5_K"},
    {AWL_BLOCKS_Q6_K, 256, 210, "Q6_K"}};

struct Shape {
    int64_t rows, width, outputs;
};

// Widths in units of a block.
const Shape shapes[] = {{0, 1, 4}, {1, 1, 1}, {1, 2, 9}, {2, 3, 5}, {3, 1, 4}, {4, 2, 7}, {5, 5, 6}, {17, 3, 13}, {32, 1, 3}};

double half(const uint8_t *p) {
    const int bits = p[0] | p[1] << 8;
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31  ? (fraction ? NAN : INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

// Scale (what = 0) or offset (1) of a run, from ggml's get_scale_min_k4.
int six_bits(const uint8_t *at, int run, int what) {
    if (run < 4) return at[run + 4 * what] & 63;
    return what == 0 ? (at[run + 4] & 15) | (at[run - 4] >> 6) << 4 : at[run + 4] >> 4 | (at[run] >> 6) << 4;
}

// Value i of a block, from the description of the formats.
double value(const Format &format, const uint8_t *b, int i) {
    const int in = i % 32, run = i / 32;
    auto nibble = [&](const uint8_t *q) { return in < 16 ? q[in] & 15 : q[in - 16] >> 4; };
    auto fifth = [&](const uint8_t *q) { return (q[in / 8] >> (in % 8) & 1) << 4; };
    switch (format.dtype) {
        case AWL_BLOCKS_F16: return half(b + 2 * i);
        case AWL_BLOCKS_BF16: return widen(Bf16{(uint16_t)(b[2 * i] | b[2 * i + 1] << 8)});
        case AWL_BLOCKS_Q4_0: return half(b) * (nibble(b + 2) - 8);
        case AWL_BLOCKS_Q4_1: return half(b) * nibble(b + 4) + half(b + 2);
        case AWL_BLOCKS_Q5_0: return half(b) * ((nibble(b + 6) | fifth(b + 2)) - 16);
        case AWL_BLOCKS_Q5_1: return half(b) * (nibble(b + 8) | fifth(b + 4)) + half(b + 2);
        case AWL_BLOCKS_Q8_0: return half(b) * (int8_t)b[2 + i];
        case AWL_BLOCKS_Q4_K:
        case AWL_BLOCKS_Q5_K: {
            const bool five = format.dtype == AWL_BLOCKS_Q5_K;
            int q = b[(five ? 48 : 16) + run / 2 * 32 + in] >> (run % 2 * 4) & 15;
            if (five) q |= (b[16 + in] >> run & 1) << 4;
            return half(b) * six_bits(b + 4, run, 0) * q - half(b + 2) * six_bits(b + 4, run, 1);
        }
        default: {
            const int low = b[run / 4 * 64 + run % 2 * 32 + in] >> (run / 2 % 2 * 4) & 15;
            const int high = b[128 + run / 4 * 32 + in] >> (run % 4 * 2) & 3;
            return half(b + 208) * (int8_t)b[192 + i / 16] * ((low | high << 4) - 32);
        }
    }
}

// Random blocks whose half floats are small and finite.
void fill(const Format &format, Buffer<uint8_t> &blocks, std::mt19937 &random) {
    for (int64_t i = 0; i < blocks.size(); i++) blocks[i] = (uint8_t)random();
    auto tame = [&](int64_t at) { blocks[at + 1] = (uint8_t)((blocks[at + 1] & 0x83) | 0x24); };
    for (int64_t block = 0; block < blocks.size(); block += format.bytes) {
        if (format.values == 256) {
            tame(block + (format.dtype == AWL_BLOCKS_Q6_K ? 208 : 0));
            if (format.dtype != AWL_BLOCKS_Q6_K) tame(block + 2);
        } else if (format.bytes == 64) {
            for (int i = 0; i < 32; i++) tame(block + 2 * i);
        } else {
            tame(block), tame(block + 2);
        }
    }
}

awl_tensor blocks_view(Buffer<uint8_t> &blocks, const Format &format, std::initializer_list<int64_t> sizes) {
    awl_tensor t = blocks.view(sizes);
    t.dtype = format.dtype;
    return t;
}

void contract(const Format &format, const Shape &shape) {
    const int64_t n = shape.rows, d = shape.width * format.values, m = shape.outputs;
    const std::string name =
        std::string(format.name) + " " + std::to_string(n) + "x" + std::to_string(d) + "x" + std::to_string(m);
    std::mt19937 random(n * 1000 + d + format.dtype);
    std::normal_distribution<float> normal;
    Buffer<uint8_t> blocks(m * shape.width * format.bytes);
    Buffer<float> x(n * d), y(n * m), same(n * m), decoded(m * d), alone(m);
    fill(format, blocks, random);
    for (int64_t i = 0; i < n * d; i++) x[i] = normal(random);
    awl_tensor tx = x.view({n, d}), tw = blocks_view(blocks, format, {m, d}), ty = y.view({n, m});
    awl_tensor td = decoded.view({m, d}), ts = same.view({n, m});
    expect(awl_dequantize(&tw, &td, nullptr) == AWL_OK, name + ": " + awl_last_error());
    for (int64_t i = 0; i < m * d; i++) {
        const int64_t block = i / format.values;
        const double exact = value(format, &blocks[block * format.bytes], (int)(i % format.values));
        expect(decoded[i] == (float)exact, name + " value " + std::to_string(i));
    }
    expect(awl_linear_blocks(&tx, &tw, 1, &ty, nullptr) == AWL_OK, name + ": " + awl_last_error());
    expect(awl_linear_rows(&tx, &td, 1, &ts, nullptr) == AWL_OK, name + ": " + awl_last_error());
    for (int64_t i = 0; i < n * m; i++) expect(y[i] == same[i], name + " has the bits of linear_rows");
    for (int64_t row = 0; row < n; row++)
        for (int64_t o = 0; o < m; o++) {
            double sum = 0, scale = 0;
            for (int64_t i = 0; i < d; i++) {
                sum += x.at(row * d + i) * decoded.at(o * d + i);
                scale += fabs(x.at(row * d + i) * decoded.at(o * d + i));
            }
            expect(fabs(y.at(row * m + o) - sum) <= 4e-7 * scale + 1e-30, name + " row " + std::to_string(row));
        }
    awl_set_threads(3);
    for (int64_t row = 0; row < n; row++) {
        awl_tensor one = x.view({n, d}), out = alone.view({1, m});
        one.data = (float *)one.data + row * d;
        one.size[0] = 1;
        expect(awl_linear_blocks(&one, &tw, 1, &out, nullptr) == AWL_OK, name + " alone");
        for (int64_t o = 0; o < m; o++) expect(alone[o] == y[row * m + o], name + " has the same bits alone");
    }
    awl_set_threads(1);
}

// Three matrices of two formats side by side, the first with the rows of each head interleaved, in columns of a wider y.
void several() {
    const int64_t n = 3, d = 64, heads = 2, head = 6, gap = 2;
    const Format &first = formats[3], &second = formats[6];
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    Buffer<uint8_t> a(heads * head * 2 * first.bytes), b(5 * 2 * second.bytes), c(1 * 2 * first.bytes);
    fill(first, a, random), fill(second, b, random), fill(first, c, random);
    const int64_t outputs[] = {heads * head, 5, 1}, wide = heads * head + 5 + 1 + gap;
    Buffer<float> x(n * d), y(n * wide), part(n * heads * head);
    for (int64_t i = 0; i < n * d; i++) x[i] = normal(random);
    for (int64_t i = 0; i < n * wide; i++) y[i] = 1234;
    awl_tensor tx = x.view({n, d}), ty = y.view({n, wide});
    ty.size[1] -= gap;
    awl_tensor weights[] = {blocks_view(a, first, {heads, 2, head / 2, d}), blocks_view(b, second, {5, d}),
                            blocks_view(c, first, {1, d})};
    weights[0].stride[1] = d;
    weights[0].stride[2] = 2 * d;
    for (int threads = 1; threads <= 5; threads++) {
        awl_set_threads(threads);
        expect(awl_linear_blocks(&tx, weights, 3, &ty, nullptr) == AWL_OK, awl_last_error());
        int64_t column = 0;
        for (int w = 0; w < 3; w++) {
            awl_tensor plain = weights[w], tp = part.view({n, outputs[w]});
            if (w == 0) plain = blocks_view(a, first, {heads * head, d});
            expect(awl_linear_blocks(&tx, &plain, 1, &tp, nullptr) == AWL_OK, awl_last_error());
            for (int64_t row = 0; row < n; row++)
                for (int64_t o = 0; o < outputs[w]; o++) {
                    const int64_t in = o % head;
                    const int64_t from = w == 0 ? o - in + in % (head / 2) * 2 + in / (head / 2) : o;
                    expect(y[row * wide + column + o] == part[row * outputs[w] + from], "matrices side by side");
                }
            column += outputs[w];
        }
        for (int64_t row = 0; row < n; row++)
            for (int64_t i = 1; i <= gap; i++) expect(y[row * wide + wide - i] == 1234, "nothing between rows is written");
    }
    awl_set_threads(1);
}

// A matrix that is too wide to be decoded once for all rows.
void wide() {
    const Format &format = formats[3];
    const int64_t n = 3, d = 4096 + 64, m = 5;
    std::mt19937 random(11);
    Buffer<uint8_t> blocks(m * d / 32 * format.bytes);
    fill(format, blocks, random);
    Buffer<float> x(n * d), y(n * m), same(n * m), decoded(m * d);
    for (int64_t i = 0; i < n * d; i++) x[i] = (float)(random() % 2001) / 1000 - 1;
    awl_tensor tx = x.view({n, d}), tw = blocks_view(blocks, format, {m, d}), ty = y.view({n, m});
    awl_tensor td = decoded.view({m, d}), ts = same.view({n, m});
    expect(awl_dequantize(&tw, &td, nullptr) == AWL_OK, awl_last_error());
    expect(awl_linear_blocks(&tx, &tw, 1, &ty, nullptr) == AWL_OK, awl_last_error());
    expect(awl_linear_rows(&tx, &td, 1, &ts, nullptr) == AWL_OK, awl_last_error());
    for (int64_t i = 0; i < n * m; i++) expect(y[i] == same[i], "a wide matrix has the bits of linear_rows");
}

// A scale that is NaN or infinite reaches its own output and no other; subnormal scales are exact.
void extremes() {
    for (const Format &format : formats) {
        if (format.bytes == 64) continue;
        const int64_t at = format.dtype == AWL_BLOCKS_Q6_K ? 208 : 0, m = 5;
        std::mt19937 random(3);
        Buffer<uint8_t> blocks(m * format.bytes);
        fill(format, blocks, random);
        blocks[2 * format.bytes + at] = 1, blocks[2 * format.bytes + at + 1] = 0x7e;
        blocks[3 * format.bytes + at] = 5, blocks[3 * format.bytes + at + 1] = 0x80;
        Buffer<float> x(2 * format.values), y(2 * m), decoded(m * format.values);
        for (int64_t i = 0; i < x.size(); i++) x[i] = 1;
        awl_tensor tx = x.view({2, format.values}), tw = blocks_view(blocks, format, {m, format.values});
        awl_tensor ty = y.view({2, m}), td = decoded.view({m, format.values});
        expect(awl_linear_blocks(&tx, &tw, 1, &ty, nullptr) == AWL_OK, awl_last_error());
        expect(awl_dequantize(&tw, &td, nullptr) == AWL_OK, awl_last_error());
        for (int64_t i = 0; i < 2 * m; i++)
            expect((y[i] != y[i]) == (i % m == 2), std::string(format.name) + ": a NaN stays with its output");
        for (int64_t i = 0; i < format.values; i++)
            expect(decoded[3 * format.values + i] == (float)value(format, &blocks[3 * format.bytes], (int)i),
                   std::string(format.name) + ": a subnormal scale");
    }
}

void refuses() {
    const Format &format = formats[3];
    Buffer<uint8_t> blocks(2 * 2 * format.bytes);
    Buffer<float> x(3 * 64), y(3 * 2), out(2 * 64);
    awl_tensor tx = x.view({3, 64}), ty = y.view({3, 2}), tw = blocks_view(blocks, format, {2, 64});
    auto refused = [&](const awl_tensor *w, int32_t count) {
        return awl_linear_blocks(&tx, w, count, &ty, nullptr) == AWL_BAD_ARGUMENT;
    };
    expect(refused(nullptr, 1), "no weight is refused");
    expect(refused(&tw, 0) && refused(&tw, AWL_MOST_WEIGHTS + 1), "a number of matrices out of range is refused");
    awl_tensor other = tw;
    other.dtype = AWL_F32;
    expect(refused(&other, 1), "a weight that is no blocks is refused");
    other = tw;
    other.size[1] = 32;
    expect(refused(&other, 1), "a weight of another width is refused");
    other = tw;
    other.stride[0] = 33;
    expect(refused(&other, 1), "rows that begin inside a block are refused");
    other = tw;
    other.stride[1] = 2;
    expect(refused(&other, 1), "gaps inside a row are refused");
    ty = y.view({3, 1});
    expect(refused(&tw, 1), "an output of another shape is refused");
    tx = x.view({3, 48});
    expect(refused(&tw, 1), "half a block is refused");
    awl_tensor to = out.view({2, 32});
    expect(awl_dequantize(&tw, &to, nullptr) == AWL_BAD_ARGUMENT, "dequantize: an output of another shape is refused");
}

}  // namespace

int main() {
    awl_set_threads(1);
    each_instruction_set([] {
        for (const Format &format : formats)
            for (const Shape &shape : shapes) contract(format, shape);
        several();
        wide();
        extremes();
        refuses();
    });
    return report("linear_blocks");
}
