// Rotary position embedding (Su et al. 2021) of heads where they lie, and back: one pass over what is rotated.
#include "awl/kernels.h"
#include "isa.h"

namespace awl {

struct Rope {
    void *x;
    const float *cosine, *sine;
    int64_t heads, rotated, token_stride, head_stride;
    float sign;  // -1 turns back
};

}  // namespace awl

#ifdef AWL_ISA

#include "simd.h"

namespace awl::AWL_ISA {

template <class T>
static void rotate(const Rope &k, int64_t begin, int64_t end) {
    const int64_t half = k.rotated / 2, whole = half - half % lanes, rest = half - whole;
    for (int64_t row = begin; row < end; row++) {
        const float *cosine = k.cosine + row * k.rotated, *sine = k.sine + row * k.rotated;
        T *head = (T *)k.x + row * k.token_stride;
        for (int64_t h = 0; h < k.heads; h++, head += k.head_stride) {
            T *other = head + half;
            for (int64_t i = 0; i < whole; i += lanes) {
                const f32 a = load(head + i), b = load(other + i);
                store(head + i, a * load(cosine + i) + b * (load(sine + i) * k.sign));
                store(other + i, b * load(cosine + half + i) + a * (load(sine + half + i) * k.sign));
            }
            if (rest) {
                const f32 a = load_part(head + whole, rest, 0), b = load_part(other + whole, rest, 0);
                const f32 c0 = load_part(cosine + whole, rest, 0), c1 = load_part(cosine + half + whole, rest, 0);
                const f32 s0 = load_part(sine + whole, rest, 0), s1 = load_part(sine + half + whole, rest, 0);
                store_part(head + whole, rest, a * c0 + b * (s0 * k.sign));
                store_part(other + whole, rest, b * c1 + a * (s1 * k.sign));
            }
        }
    }
}

void rope_rows(const Rope &k, int32_t dtype, int64_t begin, int64_t end) {
    if (dtype == AWL_BF16)
        rotate<bf16>(k, begin, end);
    else
        rotate<float>(k, begin, end);
}

}  // namespace awl::AWL_ISA

#else

#include "parallel.h"
#include "status.h"

AWL_DECLARE(void rope_rows(const Rope &, int32_t, int64_t, int64_t))

extern "C" int32_t awl_rope(awl_tensor *x, const awl_tensor *cosine, const awl_tensor *sine, double sign, void *) {
    static const char kernel[] = "rope";
    awl::clear_error();
    const int32_t dtype = !awl::absent(x) && x->dtype == AWL_BF16 ? AWL_BF16 : AWL_F32;
    AWL_TRY(awl::check(kernel, "x", x, AWL_CPU, dtype, 3, -1));
    AWL_TRY(awl::check_dense(kernel, "cosine", cosine, AWL_CPU, AWL_F32, 2, x->size[0], -1));
    AWL_TRY(awl::check_dense(kernel, "sine", sine, AWL_CPU, AWL_F32, 2, x->size[0], cosine->size[1]));
    const int64_t rotated = cosine->size[1];
    if (rotated % 2 || rotated > x->size[2])
        return awl::fail(AWL_BAD_ARGUMENT, "rope: cosine: expected an even number of columns, at most %lld, got %lld",
                         (long long)x->size[2], (long long)rotated);
    if (sign != 1 && sign != -1) return awl::fail(AWL_BAD_ARGUMENT, "rope: sign: expected 1 or -1, got %g", sign);
    const awl::Rope k{x->data,   (const float *)cosine->data, (const float *)sine->data, x->size[1], rotated,
                      x->stride[0], x->stride[1],             (float)sign};
    awl::parallel(x->size[0], 1 + 16384 / (k.heads * rotated + 1), [&](int64_t begin, int64_t end) {
        AWL_DISPATCH(rope_rows)(k, x->dtype, begin, end);
    });
    return AWL_OK;
}

#endif
