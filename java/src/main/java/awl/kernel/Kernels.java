package awl.kernel;

import awl.tensor.BlockMatrix;
import awl.tensor.DeviceHandle;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The contract of every kernel. [TorchKernels] implements all of it plainly and is the oracle of the others.
///
/// Common rules. Tensors are on one device; matrices are row-major with a contiguous last axis. Results that
/// are returned belong to the innermost open pointer scope of the caller. Nothing is recorded for autograd.
/// Sums run in a fixed order without atomics: the same input gives the same bits. A shape or dtype that does
/// not fit is an [awl.ShapeException] that names argument, expectation and finding. An instance is used by one
/// thread at a time (it keeps a workspace between calls).
///
/// Tolerance, enforced by `KernelContract`: against float64, the error of a gradient is at most twice, that of
/// a loss at most three times, the error of plain libtorch at the same dtype (+1e-5 of the result's scale in
/// float32).
public interface Kernels {

    /// Smaller temperatures than this act as it does in [#sample], so that its reciprocal is a number.
    double LEAST_TEMPERATURE = 1e-300;

    /// Up to this many rows reading the weights of [#linear] costs more than the arithmetic; beyond, a GEMM that packs
    /// them is faster.
    long FEW_ROWS = 32;

    /// What `awl doctor`, run folders and benchmarks call this implementation.
    String name();

    /// Runs something, once, and keeps the calls of kernels that it makes on this thread, to be made again on the
    /// same memory. What it does besides must go through [#inSequence], or is missing later.
    ///
    /// @return null where calls cannot be kept; it has been run all the same
    default @Nullable Replay record(Runnable calls) {
        calls.run();
        return null;
    }

    /// Does something of libtorch's with tensors that are there, a part of what is recorded.
    default void inSequence(TensorOperation operation, Tensor... on) {
        operation.run(on);
    }

    /// Gives back the memory that is kept between calls; the next one takes it anew.
    default void releaseWorkspace() {}

    /// Root-mean-square norm (Zhang and Sennrich 2019).
    ///
    /// `r[n] = 1 / sqrt(mean_d x[n,d]^2 + epsilon)`, `y[n,d] = x[n,d] * r[n] * (weight[d] + o)` with `o = 1`
    /// for Gemma's checkpoints (`onePlusWeight`), else 0. Sums and products in float32 (float64 for float64
    /// input), one rounding at the end.
    ///
    /// @param x_ND float32, bfloat16 or float64
    /// @param weight_D dtype of `x`, or bfloat16 where `x` is float32 (widened, as in [#linear]; without a
    ///     backward pass)
    /// @param y_ND written; shape and dtype of `x`; may be `x` itself
    /// @param inverseRms_N written; float32 (float64 for float64 input); the backward pass needs it
    void rmsNorm(Tensor x_ND, Tensor weight_D, double epsilon, boolean onePlusWeight, Tensor y_ND, Tensor inverseRms_N);

    /// Gradient of [#rmsNorm].
    ///
    /// With `g = dy * (weight + o)` and `h = x * r`: `dx = r * (g - h * mean_d(g * h))`, and `dWeight[d] +=
    /// sum_n dy[n,d] * h[n,d]`, summed in float32 over fixed blocks of rows.
    ///
    /// @param inputGradient_ND written; shape and dtype of `x`; may be `outputGradient` itself
    /// @param weightGradient_D added to, float32 (float64 for float64 input); null where the weight is
    ///     frozen
    void rmsNormBackward(
            Tensor outputGradient_ND,
            Tensor x_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D);

    /// The residual sum and its norm: `sum = x + branch`, rounded to its dtype, then [#rmsNorm] of the sum.
    ///
    /// @param branch_ND dtype of `x`
    /// @param sum_ND written; may be `x` or `branch` itself
    /// @param y_ND written
    void addRmsNorm(
            Tensor x_ND,
            Tensor branch_ND,
            Tensor weight_D,
            double epsilon,
            boolean onePlusWeight,
            Tensor sum_ND,
            Tensor y_ND,
            Tensor inverseRms_N);

    /// Gradient of [#addRmsNorm], of `x` and of `branch` alike: that of [#rmsNormBackward] plus
    /// `sumGradient`, rounded once.
    ///
    /// @param sumGradient_ND what the sum's other uses sent back
    /// @param inputGradient_ND written; may be `outputGradient` or `sumGradient` itself
    void addRmsNormBackward(
            Tensor outputGradient_ND,
            Tensor sumGradient_ND,
            Tensor sum_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D);

    /// Rotary position embedding (arXiv 2104.09864) in place: of each head the first R numbers become `x * cosine +
    /// swapped(x) * sine`, with their halves swapped. Computed in float32 (float64), rounded once.
    ///
    /// @param x_NHE heads of every token, any distance apart; float32, bfloat16 or float64
    /// @param cosine_NR float32 (float64 for float64 heads); R even, at most E
    /// @param sine_NR the first half of a row carries the minus sign
    /// @param back with the sine negated: the gradient
    void rope(Tensor x_NHE, Tensor cosine_NR, Tensor sine_NR, boolean back);

    /// Linear layers without bias that read the same input, `y[n,o] = sum_d x[n,d] * weight[o,d]`, their
    /// outputs side by side: the step of decoding, where N is the number of sequences and reading the weights
    /// is all the cost. Not for training: nothing is saved.
    ///
    /// A bfloat16 weight under float32 rows is widened exactly, so that a checkpoint stored in bfloat16 gives
    /// the same numbers while half as much is read.
    ///
    /// @param x_ND float32, bfloat16 or float64
    /// @param weights_OD one to four matrices of D columns; dtype of `x`, or bfloat16 where `x` is float32
    /// @param y_NO written; dtype of `x`; rows may stand apart
    void linear(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO);

    /// [#linear] of one matrix.
    default void linear(Tensor x_ND, Tensor weight_OD, Tensor y_NO) {
        linear(x_ND, List.of(weight_OD), y_NO);
    }

    /// [#linear] with weights in quantised blocks as they lie in a file. Values are exact; a row of the result
    /// has the bits that [#linear] gives with the decoded matrices.
    ///
    /// @param x_ND float32
    /// @param weights one to four matrices of D columns
    /// @param y_NO written; float32; rows may stand apart
    void linearBlocks(Tensor x_ND, List<BlockMatrix> weights, Tensor y_NO);

    /// Whether [#linearBlocks] reads such blocks in place, and is thereby faster than [#linear] with the decoded
    /// matrix.
    default boolean usesBlocks(BlockMatrix weight) {
        return false;
    }

    /// A matrix in blocks as float32, exactly; a new tensor in the caller's scope.
    default Tensor dequantized(BlockMatrix weight) {
        return weight.dequantized();
    }

    /// The gate of a feed-forward layer (GLU variants, arXiv 2002.05202): `out = act(gate) * up`.
    ///
    /// @param both_N2F gate and up side by side; float32, bfloat16 or float64
    /// @param out_NF written; dtype of `both`
    void gated(Tensor both_N2F, Activation activation, Tensor out_NF);

    /// Gradient of [#gated]: `(d * up * act'(gate), d * act(gate))` side by side.
    ///
    /// @param below_N2F written; shape and dtype of `both`
    void gatedBackward(Tensor gradient_NF, Tensor both_N2F, Activation activation, Tensor below_N2F);

    /// The matrix product of training, `out = scale left right` or `out += scale left right`, summed in
    /// float32 (float64) whatever is stored, with one rounding at the end. On CUDA a float32 operand beside a
    /// bfloat16 operand or result is rounded to bfloat16 first, as PyTorch's autocast does: matrix units take
    /// one dtype.
    ///
    /// @param left_NK float32, bfloat16 or float64; may be the transpose of a matrix
    /// @param right_KM as `left`; float32 and bfloat16 may stand in one product
    /// @param add whether to add to `out`, which is overwritten otherwise
    /// @param out_NM as the others; in float32 nothing is rounded to bfloat16. Rows may stand apart
    void matrixProduct(Tensor left_NK, Tensor right_KM, double scale, boolean add, Tensor out_NM);

    /// A matrix and the low-rank pair beside it (LoRA), `out = left right + low up` or `out += left right + low up`.
    ///
    /// @param low_NR as `left`
    /// @param up_RM as `right`
    default void lowRankProduct(
            Tensor left_NK, Tensor right_KM, Tensor low_NR, Tensor up_RM, boolean add, Tensor out_NM) {
        // The small part first: added to a result that is rounded already it would be lost while it is small.
        matrixProduct(low_NR, up_RM, 1, add, out_NM);
        matrixProduct(left_NK, right_KM, 1, true, out_NM);
    }

    /// Whether [#matrixProduct] beside such rows is faster where both operands are bfloat16 than where one of them is
    /// float32.
    boolean multipliesHalves(Tensor rows);

    /// One layer's attention of new tokens against a key/value cache: the step of decoding.
    ///
    /// The first R numbers of each query and key are rotated in place, `x * cosine + swapped(x) * sine`
    /// with its halves swapped; keys and values go to `position[n]` of `slot[n]`, all of them before the
    /// first is read; then token n attends to the positions of its slot up to its own. A row of the result
    /// has the same bits whatever rows are computed beside it.
    ///
    /// @param projected_NW H queries, K keys and K values of E numbers a row; float32, bfloat16 or float64;
    ///     used up. Scores and sums are float32 (float64)
    /// @param cosine_NR float32 (float64 for float64 heads); R even, at most E
    /// @param sine_NR the first half of a row carries the minus sign
    /// @param keys_SKCE slots, heads, capacity, head width; contiguous, dtype of `projected`
    /// @param slot_N int64; no pair of slot and position twice
    /// @param position_N int64
    /// @param out_NHE written
    void cacheAttention(
            Tensor projected_NW,
            Tensor cosine_NR,
            Tensor sine_NR,
            Tensor keys_SKCE,
            Tensor values_SKCE,
            Tensor slot_N,
            Tensor position_N,
            AttentionScores scores,
            Tensor out_NHE);

    /// Whether [#cacheAttention] on such a cache is one kernel, and thereby faster than a caller's own libtorch
    /// operations.
    default boolean fusesCacheAttention(Tensor keys_SKCE) {
        return false;
    }

    /// The next token of every row of logits, and its log-probability under the model's own distribution.
    ///
    /// A row of settings is (temperature, top-k, top-p, min-p), applied in this order: temperature 0 takes
    /// the largest logit, the lowest id among equals; top-k (0: off) keeps what is not below the k-th
    /// largest; top-p (1: off) keeps the most probable of what is left until their mass reaches p of it,
    /// the lower id first among equals; min-p (0: off) drops what is less than p times as probable as the
    /// most probable; then, in order of id, the first at which the mass exceeds `uniform` of the whole.
    /// Masses have float32's accuracy at least, sums are float64.
    ///
    /// A row whose log-sum-exp is not finite, or whose settings are out of bounds, gets id -1 and NaN.
    ///
    /// @param logits_BV float32
    /// @param settings_B4 float64
    /// @param uniform_B float64 in [0, 1)
    /// @param id_B written; int64
    /// @param logProb_B written; float32
    void sample(Tensor logits_BV, Tensor settings_B4, Tensor uniform_B, Tensor id_B, Tensor logProb_B);

    /// Whether tokens are better chosen by [#sample], where the logits lie, than in Java from rows copied
    /// there. In host memory they are not: `SampleBenchmark` found the kernel 1.2 to 4 times as slow, but
    /// for the largest logit of one row.
    default boolean samplesOn(DeviceHandle device) {
        return !device.isCpu();
    }

    /// What chooses tokens on such a device, for messages and the facts of a run.
    default String sampler(DeviceHandle device) {
        return samplesOn(device) ? "%s on %s".formatted(name(), device) : "Java on the host";
    }

    /// Causal attention inside documents that lie end to end, for training: no padding, no row sees another document.
    ///
    /// `z = scale q k`, soft-capped if asked; `out[n] = sum_t softmax(z)[t] v[t]` over the tokens of the document
    /// up to n, in the window. Scores of a document are never stored as a whole.
    ///
    /// @param projected_NW H queries, K keys and K values of E numbers a row, rotated; float32, bfloat16 or float64
    /// @param documentStart first row of every document, and N
    /// @param out_NHE written; dtype of `projected`
    /// @param logSumExp_HN written; float32 (float64 for float64 input); the backward pass needs it
    void documentAttention(
            Tensor projected_NW, int[] documentStart, AttentionScores scores, Tensor out_NHE, Tensor logSumExp_HN);

    /// Gradient of [#documentAttention]; the scores are computed again.
    ///
    /// @param below_NW written; shape and dtype of `projected`
    void documentAttentionBackward(
            Tensor gradient_NHE,
            Tensor projected_NW,
            int[] documentStart,
            AttentionScores scores,
            Tensor out_NHE,
            Tensor logSumExp_HN,
            Tensor below_NW);

    /// Whether [#documentAttention] on such a stream is one kernel, and thereby faster than a caller's own libtorch
    /// operations. Never for float64, which it would narrow.
    default boolean fusesDocumentAttention(Tensor projected_NW) {
        return false;
    }

    /// Dropout whose random numbers depend on their place alone: `out[n,i] = x[n,i] / (1 - share)`, or 0
    /// where bits hashed from (`key[n]`, `place`, i) say so (`awl_dropout` of kernels.h has the formula).
    /// The same numbers fall on every device; nothing has to be kept for the gradient, which is the same
    /// function of the gradient.
    ///
    /// @param x_NI float32, bfloat16 or float64
    /// @param key_N int64, names each row
    /// @param share of the numbers that fall, in [0, 1)
    /// @param place what else tells this use from others
    /// @param out_NI written; shape and dtype of `x`; may be `x` itself
    void dropout(Tensor x_NI, Tensor key_N, double share, long place, Tensor out_NI);

    /// Gradient of an embedding: `table[tokens[n]] += scale * gradient[n]`, for a token that comes more than once in
    /// the order of n.
    ///
    /// @param gradient_ND float32, bfloat16 or float64
    /// @param tokens_N int64 in `[0, V)`
    /// @param table_VD added to, float32 (float64 for float64 input)
    void embeddingBackward(Tensor gradient_ND, Tensor tokens_N, double scale, Tensor table_VD);

    /// One AdamW update (Loshchilov and Hutter 2019) of many tensors at once. With `g = gradient / divisor` and `t`
    /// the step's number:
    ///
    /// ```
    /// m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
    /// p <- p (1 - rate decay) - rate / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
    /// ```
    ///
    /// @param divisor 0-d fp32
    /// @param skip 0-d fp32; where 1 nothing is changed
    void adamW(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip);

    /// Whether [#adamW] is one pass over all tensors, and thereby at least as fast as libtorch's own.
    default boolean fusesAdamW() {
        return false;
    }

    /// Sum of the squares of all elements of all tensors, for the global gradient norm, in float64: finite if
    /// and only if every element is.
    ///
    /// @param tensors floating tensors of any shape, contiguous
    /// @return 0-d fp64
    Tensor squaredNorm(List<Tensor> tensors);

    /// Weighted cross-entropy of a linear head over the active rows, with its gradients, without the full
    /// logits.
    ///
    /// `z = H W^T + bias`, soft-capped if asked; `logProb[a] = z[a,y] - log sum_v exp z[a,v]`; `lossSum =
    /// -sum_a w[a] * logProb[a]`; `dz[a,v] = w[a] * (softmax(z)[a,v] - [v = y])`, the true class as `w *
    /// expm1(logProb)` so that a nearly certain prediction keeps its digits. Masked rows are not read at all: a
    /// NaN in one does not leak; a NaN in an active row reaches the loss.
    ///
    /// With no active row the loss is 0, `dH` is 0 and no gradient is touched.
    ///
    /// @param hidden_ND hidden states after the final norm; float32, bfloat16 or float64
    /// @param weight_VD head, dtype of `hidden`
    /// @param target_N class of each row, int64, in `[0, V)` on active rows, anything elsewhere
    /// @param weights_N float32 weight of each row with every scalar of the loss folded in; any sign
    /// @param activeRows_A ascending distinct rows to learn, int64
    /// @param headGradient_VD added to in float32 (float64 for float64 input); null where the head is
    ///     frozen
    HeadLoss linearCrossEntropy(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            @Nullable Tensor headGradient_VD,
            HeadOptions options);

    /// Forward half of [#linearCrossEntropy]: log-probabilities of the targets.
    ///
    /// @param activeRows_A ascending distinct rows, int64; null means all rows, so that A = N
    HeadScore score(
            Tensor hidden_ND, Tensor weight_VD, Tensor target_N, @Nullable Tensor activeRows_A, HeadOptions options);

    /// Backward half of [#linearCrossEntropy] for losses that learn their weights from the scores (preference
    /// losses): from the logits that [HeadOptions#keepsLogits] left, else from logits made again, as there.
    ///
    /// @param weights_N `-dLoss/dLogProb` of each row, float32
    /// @param score what [#score] returned for the same rows and options
    /// @return `dH`, shape and dtype of `hidden`, zero outside the active rows
    Tensor backwardWithWeights(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            HeadScore score,
            @Nullable Tensor headGradient_VD,
            HeadOptions options);
}
