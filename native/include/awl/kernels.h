/* The whole border between AWL's kernels and their callers. libawl_cpu and libawl_cuda export the same symbols.
 *
 * - A kernel returns 0, or a code of enum awl_status; awl_last_error() then says kernel, argument, expected, got.
 * - Tensors are views; native code owns nothing, allocates nothing a caller could see, and never synchronises a stream
 *   (but for matrix_product on CUDA where AWL_CUDA_AUTOTUNE is 1).
 * - Nothing is thrown or aborted across this border.
 * - The same input gives the same bits, whatever the number of threads. No atomics.
 *
 * Axes as in Java's awl.tensor: N tokens, D model width, V vocabulary, C rows of a chunk, K classes of a chunk.
 */
#ifndef AWL_KERNELS_H
#define AWL_KERNELS_H

#include <stdint.h>

#if defined(__GNUC__)
#define AWL_EXPORT __attribute__((visibility("default")))
#else
#define AWL_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define AWL_ABI_VERSION 5

enum awl_dtype { AWL_F32 = 0, AWL_BF16 = 1, AWL_F64 = 2, AWL_I64 = 3 };
enum awl_device { AWL_CPU = 0, AWL_CUDA = 1 };
enum awl_status { AWL_OK = 0, AWL_BAD_ARGUMENT = 1, AWL_DEVICE_ERROR = 2 };

/* A view. An absent optional tensor has rank -1. Strides count elements. */
typedef struct awl_tensor {
    void *data;
    int64_t size[4];
    int64_t stride[4];
    int32_t rank;
    int32_t dtype;
    int32_t device;
    int32_t reserved;
} awl_tensor;

/* ---- the library itself ---- */

AWL_EXPORT int32_t awl_abi_version(void);
AWL_EXPORT int64_t awl_sizeof_tensor(void);
/* Name of kernel i of this library, NULL past the last one. */
AWL_EXPORT const char *awl_kernel_name(int32_t i);
/* Why this thread's last call failed; empty if none did. Valid until the thread's next call. */
AWL_EXPORT const char *awl_last_error(void);
/* "cpu" or "cuda". */
AWL_EXPORT const char *awl_backend(void);
/* Devices this library could run on; -1 and awl_last_error() where it could not ask (no driver). */
AWL_EXPORT int32_t awl_device_count(void);
/* Threads of every later CPU kernel; n < 1 means all cores. One setting, the same as libtorch's. */
AWL_EXPORT int32_t awl_set_threads(int32_t n);
/* Instruction set in use: "plain", "avx2", "avx512", "avx512bf16" or "cuda". */
AWL_EXPORT const char *awl_instruction_set(void);
/* Uses at most this instruction set (0 plain, 1 avx2, 2 avx512, 3 avx512bf16) from now on; returns the level in use. For tests. */
AWL_EXPORT int32_t awl_limit_instruction_set(int32_t level);

/* ---- kernels ---- */

/* r[n] = 1 / sqrt(mean_d x^2 + epsilon); y = x * r * (weight + offset), offset 1 for Gemma, else 0.
 * x, y: f32 or bf16 [N, D], contiguous; weight: the same, or bf16 under f32, [D]; inverse_rms: f32 [N]. float32 inside. y may
 * be x. */
AWL_EXPORT int32_t awl_rms_norm(const awl_tensor *x, const awl_tensor *weight, awl_tensor *y, awl_tensor *inverse_rms,
                                double epsilon, double offset, void *stream);

/* g = dy * (weight + offset), h = x * r: dx = r * (g - h * mean_d(g * h)); weight_gradient += sum_n dy * h.
 * weight_gradient: f32 [D] or absent. workspace: f32 [P, D]; rows are summed in P equal blocks, the blocks in order.
 * weight in the dtype of x; dx may be dy. */
AWL_EXPORT int32_t awl_rms_norm_backward(const awl_tensor *dy, const awl_tensor *x, const awl_tensor *weight,
                                         const awl_tensor *inverse_rms, awl_tensor *dx, awl_tensor *weight_gradient,
                                         awl_tensor *workspace, double offset, void *stream);

/* The residual sum and its norm in one pass: sum = x + branch, rounded to its dtype; y = rms_norm(sum). branch and sum as x
 * in rms_norm; sum may be x or branch. */
AWL_EXPORT int32_t awl_add_rms_norm(const awl_tensor *x, const awl_tensor *branch, const awl_tensor *weight,
                                    awl_tensor *sum, awl_tensor *y, awl_tensor *inverse_rms, double epsilon, double offset,
                                    void *stream);

/* dx = sum_gradient + gradient of rms_norm(sum) from dy: that of x and of branch. The rest as in rms_norm_backward; dx may
 * be dy or sum_gradient. */
AWL_EXPORT int32_t awl_add_rms_norm_backward(const awl_tensor *dy, const awl_tensor *sum_gradient, const awl_tensor *sum,
                                             const awl_tensor *weight, const awl_tensor *inverse_rms, awl_tensor *dx,
                                             awl_tensor *weight_gradient, awl_tensor *workspace, double offset,
                                             void *stream);

/* Rotary position embedding in place: the first R numbers of every head become x * cosine + sign * (halves swapped) *
 * sine. sign 1 rotates, -1 rotates back, which is the gradient. x: f32 or bf16 [N, heads, E], last axis contiguous, tokens
 * and heads at any distance; cosine, sine: f32 [N, R], contiguous, R even and at most E. float32 inside, one rounding. */
AWL_EXPORT int32_t awl_rope(awl_tensor *x, const awl_tensor *cosine, const awl_tensor *sine, double sign, void *stream);

/* Rows of whole logits, in place. z is soft-capped first where soft_cap > 0 (c * tanh(z / c)).
 * log_prob[c] = z[y] - log sum exp z (f32), log_sum_exp (f64); with weights (f32 [C]) z becomes its gradient
 * w * (softmax - onehot), the true class as w * expm1(log_prob); without (absent) z stays, or is undefined under a soft-cap.
 * logits: f32 (CUDA: or bf16) [C, V], last axis contiguous; target: i64 [C] in [0, V). exp within 2 ulp, sums in
 * float64. A target out of bounds is refused on the CPU; on CUDA, where nothing is read back, its row becomes NaN.
 * gradient: absent, or bf16 [C, V] beside f32 logits, last axis contiguous: then the gradient is rounded into it and z is
 * undefined. It may lie in the logits' own memory, every row at the beginning of theirs. */
AWL_EXPORT int32_t awl_softmax_xent_rows(awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights,
                                         awl_tensor *gradient, awl_tensor *log_prob, awl_tensor *log_sum_exp,
                                         double soft_cap, void *stream);

/* A piece [first_class, first_class + K) of the vocabulary joins the running statistics: maximum and sum of
 * exp(z - maximum) per row, and the target's logit where it lies in the piece (all f64 [C]). logits: undefined after. */
AWL_EXPORT int32_t awl_softmax_xent_partial(awl_tensor *logits, const awl_tensor *target, awl_tensor *maximum,
                                            awl_tensor *sum, awl_tensor *target_logit, int64_t first_class,
                                            double soft_cap, void *stream);

/* A piece of the logits becomes its gradient w * (exp(z - log_sum_exp) - onehot), from known statistics. gradient: as for
 * softmax_xent_rows, of the piece. */
AWL_EXPORT int32_t awl_softmax_xent_gradient(awl_tensor *logits, const awl_tensor *target, const awl_tensor *weights,
                                             awl_tensor *gradient, const awl_tensor *log_prob,
                                             const awl_tensor *log_sum_exp, int64_t first_class, double soft_cap,
                                             void *stream);

/* y = x [W0; W1; ...]^T for few rows (decoding): the outputs of `count` matrices (1 to AWL_MOST_WEIGHTS) side by side.
 * x: f32 [N, D]; weights: an array of views, all f32 or all bf16, [M, D], widened exactly; y: f32 [N, sum M]; last axes
 * contiguous. Sums in float32; a row of y has the same bits whatever rows and matrices stand beside it. */
#define AWL_MOST_WEIGHTS 4
AWL_EXPORT int32_t awl_linear_rows(const awl_tensor *x, const awl_tensor *weights, int32_t count, awl_tensor *y,
                                   void *stream);

/* Weights in the blocks of a GGUF file, as they lie there: 100 + ggml's number of the format. */
enum awl_block_dtype {
    AWL_BLOCKS_F16 = 101,
    AWL_BLOCKS_Q4_0 = 102,
    AWL_BLOCKS_Q4_1 = 103,
    AWL_BLOCKS_Q5_0 = 106,
    AWL_BLOCKS_Q5_1 = 107,
    AWL_BLOCKS_Q8_0 = 108,
    AWL_BLOCKS_Q4_K = 112,
    AWL_BLOCKS_Q5_K = 113,
    AWL_BLOCKS_Q6_K = 114,
    AWL_BLOCKS_BF16 = 130
};

/* linear_rows with weights in blocks.
 * x: f32 [N, D]; weights: an array of views of a block dtype, [M, D], or [H, 2, E/2, D] and the like with rows in any
 * order; sizes and strides count values, strides are whole blocks, D whole blocks and a multiple of 32; y: f32 [N, sum M].
 * A row of y has the same bits whatever rows stand beside it: those linear_rows gives with the dequantised matrix. */
AWL_EXPORT int32_t awl_linear_blocks(const awl_tensor *x, const awl_tensor *weights, int32_t count, awl_tensor *y,
                                     void *stream);

/* out = weight, a matrix of blocks as above, dequantised exactly as ggml's reference does. out: f32 [M, D]. */
AWL_EXPORT int32_t awl_dequantize(const awl_tensor *weight, awl_tensor *out, void *stream);

/* c = scale a b, or c += scale a b with add != 0. a: f32 or bf16 [N, K]; b: f32 or bf16 [K, M], widened exactly or, both
 * bf16, multiplied exactly two at a time; either may be the transpose of a matrix with a contiguous last axis; c: [N, M], f32,
 * or bf16 up to K = AWL_PRODUCT_HALF_DEPTH, rounded once, last axis contiguous, apart from a and b.
 * workspace: f32, AWL_PRODUCT_SPACE floats and AWL_PRODUCT_SPACE_THREAD more for every thread; with room for fewer threads
 * fewer run. Every element is summed in float32 in the order of K, in pieces that depend on K alone.
 * On CUDA, by cuBLASLt: a and b of one dtype, c of theirs or f32; the workspace is cuBLASLt's, of any size (32 MiB and more
 * let it choose freely). Sums are float32, never TF32 or bf16. The algorithm is the first that its heuristic names, so that
 * the same input gives the same bits in every process. With AWL_CUDA_AUTOTUNE=1 up to eight are timed when a shape comes for
 * the first time: c is computed again and again, and the stream waited for. The fastest is kept for the process; another one
 * may choose otherwise and have other bits. Not timed, so that the first stays: with add != 0, on a stream that is being
 * captured, and behind 256 shapes. */
#define AWL_PRODUCT_DEPTH 320
#define AWL_PRODUCT_ROWS 144
#define AWL_PRODUCT_KEPT 512
#define AWL_PRODUCT_HALF_DEPTH 1600
#define AWL_PRODUCT_SPACE (1 << 20)
#define AWL_PRODUCT_SPACE_THREAD (AWL_PRODUCT_ROWS * (AWL_PRODUCT_DEPTH + AWL_PRODUCT_KEPT))
AWL_EXPORT int32_t awl_matrix_product(const awl_tensor *a, const awl_tensor *b, awl_tensor *c, awl_tensor *workspace,
                                      double scale, int32_t add, void *stream);

/* c = a b + low up, or c += with add != 0: a frozen matrix and the low-rank pair beside it (LoRA) in one pass over c, which is
 * rounded once. low: f32 or bf16 [N, R], R up to AWL_PRODUCT_DEPTH; up: f32 or bf16 [R, M]; the rest as in matrix_product. */
AWL_EXPORT int32_t awl_low_rank_product(const awl_tensor *a, const awl_tensor *b, const awl_tensor *low, const awl_tensor *up,
                                        awl_tensor *c, awl_tensor *workspace, int32_t add, void *stream);

/* out = act(gate) * up, gate and up side by side in `both`. both: f32 or bf16 [N, 2F]; out: its dtype, [N, F]; contiguous,
 * float32 inside. */
enum awl_activation { AWL_SILU = 0, AWL_TANH_GELU = 1 };
AWL_EXPORT int32_t awl_gated(const awl_tensor *both, awl_tensor *out, int32_t activation, void *stream);

/* below = (gradient * up * act'(gate), gradient * act(gate)), [N, 2F] as `both`; it may be `both`. */
AWL_EXPORT int32_t awl_gated_backward(const awl_tensor *gradient, const awl_tensor *both, awl_tensor *below,
                                      int32_t activation, void *stream);

/* One layer's attention of new tokens (decoding). A row of projected holds H queries, K keys and K values of E numbers
 * (E at most 512). The first R of each query and key are rotated in place, x * cosine + (halves swapped) * sine; keys and
 * values go to position[n] of slot[n] in the caches, all before the first is read; then query head h of token n attends
 * to positions [max(0, position[n] + 1 - window), position[n]] (window 0: all) of key/value head h / (H / K), scores
 * multiplied by scale and soft-capped where soft_cap > 0. A row of out has the same bits whatever rows stand beside it.
 * projected: f32 or bf16 [N, (H + 2K) E]; cosine, sine: f32 [N, R], R even; keys, values: its dtype, [S, K, C, E],
 * contiguous; slot, position: i64 [N], no pair twice; out: its dtype, [N, H E]. Scores and sums are float32. A slot or position out of bounds is refused on the CPU; on
 * CUDA, where nothing is read back, it stores nothing and its row of out is NaN. */
AWL_EXPORT int32_t awl_cache_attention(awl_tensor *projected, const awl_tensor *cosine, const awl_tensor *sine,
                                       awl_tensor *keys, awl_tensor *values, const awl_tensor *slot,
                                       const awl_tensor *position, awl_tensor *out, double scale, double soft_cap,
                                       int64_t window, void *stream);

/* The next token of each row of logits, and its log-probability under the model's own distribution. settings[b] =
 * (temperature, top-k, top-p, min-p), applied in this order: temperature 0 takes the largest, the lowest id among equals;
 * top-k (0: off) keeps what is not below the k-th largest; top-p (1: off) keeps the most probable of what is left until
 * their mass reaches p of it, at least one, the lower id first among equals; min-p (0: off) drops what is less than p
 * times as probable as the most probable; then, in order of id, the first at which the mass exceeds uniform * total. Masses
 * have float32's accuracy at least, sums are float64. A row whose log-sum-exp is not finite, or whose settings are out of
 * bounds, gets id -1 and NaN.
 * logits: f32 [B, V], last axis contiguous; settings: f64 [B, 4]; uniform: f64 [B] in [0, 1); id: i64 [B]; log_prob: f32
 * [B]. */
AWL_EXPORT int32_t awl_sample(const awl_tensor *logits, const awl_tensor *settings, const awl_tensor *uniform,
                              awl_tensor *id, awl_tensor *log_prob, void *stream);

/* Causal attention inside documents that lie end to end; document d is rows [start[d], start[d + 1]). Rows, heads, scale,
 * soft_cap and window as in cache_attention, queries and keys already rotated. log_sum_exp[h, n] is that of the scores
 * token n gives to what it sees; scores themselves exist only for a block of queries at a time. A document has the same
 * bits whatever documents lie beside it.
 * projected: f32 or bf16 [N, (H + 2K) E]; start: i64 [documents + 1], rising from 0 to N; out: its dtype, [N, H E], rounded
 * once; log_sum_exp: f32 [H, N], contiguous; workspace: f32, AWL_ATTENTION_SPACE(longest document, E) floats for every thread;
 * with room for fewer threads fewer run. Sums are float32; where the processor multiplies bf16 (AVX512-BF16), probabilities
 * and the scores' gradients are rounded to it between two products. */
#define AWL_ATTENTION_PADDED(n) (((n) + 31) / 32 * 32)
#define AWL_ATTENTION_SPACE(longest, width)                                                         \
    (5 * (AWL_ATTENTION_PADDED(longest) + 32) * AWL_ATTENTION_PADDED(width) +                       \
     2 * 48 * (AWL_ATTENTION_PADDED(longest) + 32) + 4 * 48 * AWL_ATTENTION_PADDED(width) + 1024)
AWL_EXPORT int32_t awl_document_attention(const awl_tensor *projected, const awl_tensor *start, awl_tensor *out,
                                          awl_tensor *log_sum_exp, awl_tensor *workspace, double scale, double soft_cap,
                                          int64_t window, void *stream);

/* below, [N, (H + 2K) E] in the dtype of projected and written in full: the gradient of projected, from that of out. */
AWL_EXPORT int32_t awl_document_attention_backward(const awl_tensor *gradient, const awl_tensor *projected,
                                                   const awl_tensor *start, const awl_tensor *out,
                                                   const awl_tensor *log_sum_exp, awl_tensor *below, awl_tensor *workspace,
                                                   double scale, double soft_cap, int64_t window, void *stream);

/* One AdamW update of `count` tensors. With g = gradient / divisor, element by element and in float32:
 *   first += (1 - beta1) (g - first);  second = beta2 second + (1 - beta2) g^2
 *   value = value (1 - rate decay) - rate / correction1 * first / (sqrt(second) / sqrt(correction2) + epsilon)
 * correction1 and correction2 are 1 - beta^t; where skip is 1 nothing is written.
 * tensors: for each tensor five views of one number of elements, contiguous: value, gradient, first and second (f32), and
 * rounded, absent or bf16, which gets the new value rounded to nearest; decay: a number for each tensor; divisor, skip:
 * f32, rank 0. A value may be bf16 with rounded absent: it is then rounded up or down at random, with its distance as
 * probability, by numbers that depend on seed and place alone. The seed should be another one in every step. */
AWL_EXPORT int32_t awl_adamw(awl_tensor *tensors, const double *decay, int64_t count, const awl_tensor *divisor,
                             const awl_tensor *skip, double rate, double beta1, double beta2, double epsilon,
                             double correction1, double correction2, int64_t seed, void *stream);

/* out = the sum of squares of all elements of `count` tensors (f32 or bf16, contiguous), in float64: pieces of
 * AWL_NORM_PIECE elements of a tensor, then the pieces in order. No sum of finite float32 squares overflows, so out is
 * finite if and only if every element is. workspace: f64, a number for every piece; out: f64, rank 0. */
#define AWL_NORM_PIECE 65536
AWL_EXPORT int32_t awl_squared_norm(const awl_tensor *tensors, int64_t count, awl_tensor *workspace, awl_tensor *out,
                                    void *stream);

/* table[tokens[n], :] += scale * gradient[n, :], for a token that comes more than once in the order of n.
 * gradient: f32 or bf16 [N, D]; tokens: i64 [N] in [0, V), else nothing is written (CUDA, where nothing is read back: the
 * others are added); table: f32 [V, D]; last axes contiguous. */
AWL_EXPORT int32_t awl_embedding_backward(const awl_tensor *gradient, const awl_tensor *tokens, awl_tensor *table,
                                          double scale, void *stream);

/* out[n, i] = x[n, i] / (1 - share), or 0 where 32 bits that depend on key[n], place and i alone are below share * 2^32:
 * z = key[n] + place, through SplitMix64's finaliser; h = i * 0x9e3779b9 + low(z); h = (h ^ h >> 16) * 0x7feb352d;
 * h = ((h ^ h >> 15) + high(z)) * 0x846ca68b; h ^= h >> 16, all modulo 2^32. The gradient is the same function of the
 * gradient. x: f32 or bf16 [N, I], last axis contiguous; key: i64 [N]; out: as x, may be x; share in [0, 1). */
AWL_EXPORT int32_t awl_dropout(const awl_tensor *x, const awl_tensor *key, awl_tensor *out, double share, int64_t place,
                               void *stream);

#ifdef __cplusplus
}
#endif
#endif
