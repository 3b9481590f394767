package awl.kernel;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// What happens to a chunk of logits between the GEMMs. All work in place on `logits`, [C, K] with a contiguous
/// last axis: C rows of the chunk, K classes from `firstClass` on.
interface RowPasses {

    /// Whole vocabulary: log-probability and log-sum-exp of each row and, if `weights` is given, the logits
    /// replaced by their gradient; otherwise they stay as they are or, under a soft-cap, are undefined afterwards.
    ///
    /// @param target_C int64
    /// @param weights_C float32, or null for the scores alone
    /// @param narrow_CV where the gradient goes, rounded to bfloat16, instead of into the logits, which are
    ///     undefined then; it may lie in their memory, each row at the beginning of theirs
    /// @param logProb_C written, float32 (float64 for float64 logits)
    /// @param logSumExp_C written, float64
    void softmax(
            Tensor logits_CV,
            Tensor target_C,
            @Nullable Tensor weights_C,
            @Nullable Tensor narrow_CV,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C);

    /// Adds a piece of the vocabulary to the running statistics; the logits' content is undefined afterwards.
    ///
    /// @param maximum_C float64, starts at -Float.MAX_VALUE
    /// @param sum_C float64 sum of `exp(z - maximum)`, starts at 0
    /// @param targetLogit_C float64, set where the target lies in this piece
    void accumulate(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            @Nullable Double softCap,
            Tensor maximum_C,
            Tensor sum_C,
            Tensor targetLogit_C);

    /// Replaces the logits by `w * (exp(z - logSumExp) - [v = y])`, the true class by `w * expm1(logProb)`.
    ///
    /// @param narrow_CK as for [#softmax]
    void gradient(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            Tensor weights_C,
            @Nullable Tensor narrow_CK,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C);
}
