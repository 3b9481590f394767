package awl.kernel;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// What [Kernels#score] returns.
///
/// @param logProb_A float32
/// @param logSumExp_A float64
/// @param logits where they were left for the backward pass ([HeadOptions#keepsLogits]), else null
public record HeadScore(
        Tensor logProb_A, Tensor logSumExp_A, @Nullable KeptLogits logits) {

    /// Logits of all active rows, in a workspace until anything else is put there.
    ///
    /// @param use of the workspace that made them
    record KeptLogits(Workspace workspace, long use) {

        /// @param own of those who want them
        boolean areIn(Workspace own) {
            return workspace == own && own.uses() == use;
        }
    }
}
