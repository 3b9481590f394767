// A block of queries of one document against its keys: which keys they see, and the small matrix products between queries,
// keys, values, probabilities and their gradients, by the packing and the tiles of matrix_product.
//
// In is how queries, keys and values are read: float32, bfloat16 widened, or bfloat16 in pairs (matrix_tile.h). In pairs,
// probabilities and their gradients are rounded to bfloat16 for the products that follow, as in FlashAttention (Dao et al. 2022).
#pragma once

#include "matrix_tile.h"

namespace awl::AWL_ISA {

constexpr int64_t block_rows = attention_block / tile_rows * tile_rows;

// How probabilities are multiplied.
template <class In>
struct Between {
    typedef One<float> Words;
};
#if defined(__AVX512BF16__)
template <>
struct Between<Two> {
    typedef Two Words;
};
#endif

// Queries [first, first + count) of a document against its keys [from, first + count), from a multiple of tile_columns.
// All positions here count from the first key that is packed.
struct Block {
    int64_t first, count, from;

    int64_t to() const { return first + count; }
    // Behind the last key that any tile of queries or keys reads or writes.
    int64_t end() const { return (to() + tile_columns - 1) / tile_columns * tile_columns + tile_rows; }
    // Behind the last key that a query from `row` to that of its tile sees.
    int64_t seen(int64_t row) const { return row + tile_rows < count ? first + row + tile_rows : to(); }
};

// The keys a query sees, and the vectors they lie in.
struct Seen {
    int64_t low, high, begin, end;

    Seen(const Block &b, int64_t r, int64_t window) {
        high = b.first + r + 1;
        low = window > 0 && high - window > b.from ? high - window : b.from;
        begin = b.from + (low - b.from) / lanes * lanes;
        end = b.from + (high - b.from + lanes - 1) / lanes * lanes;
    }

    // Numbers of the vector at `t`, `fill` where a key is not seen.
    f32 only(int64_t t, f32 v, float fill) const {
        i32 key;
        for (int i = 0; i < lanes; i++) key[i] = i;
        key += (int32_t)(t - begin);
        return key >= (int32_t)(low - begin) && key < (int32_t)(high - begin) ? v : all(fill);
    }

    // Zeros for the keys of a block that lie in no vector of these.
    template <class T>
    void clear(T *row, const Block &b) const {
        memset(row + b.from, 0, (begin - b.from) * sizeof(T));
        memset(row + end, 0, (b.end() - end) * sizeof(T));
    }
};

// `rows` rows of `width` numbers, `stride` apart in memory, to be multiplied.
template <class In>
struct Rows {
    const typename In::Element *at;
    int64_t stride, rows, width;

    static int64_t words(int64_t n) { return (n + In::each - 1) / In::each; }

    Product product() const {
        Product k{};
        k.a = k.b = at;
        k.pairs = In::each == 2;
        k.a_row = stride, k.a_depth = 1;
        return k;
    }

    // As B, the inner axis along a row: panels [words(width)][tile_columns], one behind the other.
    void along(float *packed) const {
        Product k = product();
        k.columns = rows, k.b_depth = 1, k.b_column = stride;
        pack_b<In>(k, {0, width, false}, 0, 0, (rows + tile_columns - 1) / tile_columns, packed);
    }

    // As B, the inner axis across the rows: panels [words(rows)][tile_columns].
    void across(float *packed) const {
        Product k = product();
        k.columns = width, k.b_depth = stride, k.b_column = 1;
        pack_b<In>(k, {0, rows, false}, 0, 0, (width + tile_columns - 1) / tile_columns, packed);
    }

    // As A: groups of tile_rows rows, [words(width)][tile_rows].
    void as_left(float *packed) const {
        for (int64_t r = 0; r < rows; r += tile_rows)
            pack_a<In>(product(), {0, width, false}, r, rows - r < tile_rows ? rows - r : tile_rows,
                       packed + r * words(width));
    }
};

// scores[r][t] = scale times the sum of left[r] and panel t, for all keys that some query of a tile sees.
template <class In>
static void products(const DocumentAttention &k, const Block &b, const float *left, const float *panels, float scale,
                     float *scores) {
    const int64_t words = Rows<In>::words(k.width);
    for (int64_t r = 0; r < b.count; r += tile_rows) {
        for (int64_t t = b.from; t < b.seen(r); t += tile_columns)
            tile<typename Between<In>::Words, true, false>(left + r * words, 0, 0, panels + t * words, words,
                                                           scores + r * k.padded_length + t, k.padded_length, tile_rows,
                                                           tile_columns, scale, false);
    }
}

// into[r] = scale times the sum over keys of weights[r][t] and row t of `rows` rows packed across.
template <class In>
static void gather(const DocumentAttention &k, const Block &b, const float *weights, const float *packed, int64_t rows,
                   float scale, float *into) {
    typedef typename Between<In>::Words Words;
    typedef typename Words::Element Number;
    const int64_t row = k.padded_length * sizeof(float) / sizeof(Number), panel = Rows<In>::words(rows) * tile_columns;
    for (int64_t r = 0; r < b.count; r += tile_rows) {
        const Number *from = (const Number *)(const void *)weights + r * row + b.from;
        for (int64_t i = 0; i < k.width; i += tile_columns)
            tile<Words, false, false>(from, row, In::each, packed + i / tile_columns * panel + b.from / In::each * tile_columns,
                                      Rows<In>::words(b.seen(r) - b.from), into + r * k.padded_width + i, k.padded_width,
                                      tile_rows, tile_columns, scale, false);
    }
}

// into[t] += scale times the sum over queries of weights[r][t] and row r of the block's queries, packed across: what
// keys and values get from a block. `space` holds a packed group of weights.
template <class In>
static void scatter(const DocumentAttention &k, const Block &b, const float *weights, const float *packed, float scale,
                    float *into, float *space) {
    typedef typename Between<In>::Words Words;
    const int64_t row = k.padded_length * sizeof(float) / sizeof(typename Words::Element);
    const int64_t panel = Rows<In>::words(b.count) * tile_columns;
    Product turned{};
    turned.a = weights;
    turned.pairs = In::each == 2;
    turned.a_row = 1, turned.a_depth = row;
    for (int64_t t = b.from; t < b.to(); t += tile_rows) {
        // Earlier queries do not see these keys; pairs begin at an even one.
        const int64_t r = t > b.first ? (t - b.first) / In::each * In::each : 0, words = Rows<In>::words(b.count - r);
        if (Words::each == 2) pack_a<Words>(turned, {r, b.count - r, false}, t, tile_rows, space);
        for (int64_t i = 0; i < k.width; i += tile_columns) {
            const float *const from = packed + i / tile_columns * panel + r / In::each * tile_columns;
            float *const to = into + t * k.padded_width + i;
            if (Words::each == 2)
                tile<Words, true, false>(space, 0, 0, from, words, to, k.padded_width, tile_rows, tile_columns, scale, true);
            else
                tile<Words, false, false>(weights + r * row + t, 1, row, from, words, to, k.padded_width, tile_rows,
                                          tile_columns, scale, true);
        }
    }
}

// The sum of a row's products.
template <class T>
AWL_INLINE float dot(const T *x, const T *y, int64_t n) {
    f32 sums = {};
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) sums += load(x + i) * load(y + i);
    if (i < n) sums += load_part(x + i, n - i, 0) * load_part(y + i, n - i, 0);
    return (float)sum(sums);
}

// One row of results, rounded once.
template <class T>
AWL_INLINE void write_row(const float *from, int64_t width, float factor, T *to) {
    int64_t i = 0;
    for (; i + lanes <= width; i += lanes) store(to + i, load(from + i) * factor);
    for (; i < width; i++) narrow(from[i] * factor, to[i]);
}

}  // namespace awl::AWL_ISA
