package awl.kernel;

import awl.kernel.HeadPlan.Order;
import awl.kernel.HeadScore.KeptLogits;
import awl.tensor.MatrixProduct;
import awl.tensor.Tensors;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The loss head, in one of the two orders of a [HeadPlan]: products on the active rows by
/// [HeadProducts], what lies between them by [RowPasses].
///
/// Compaction is what pays: in agent traces about a quarter of the tokens is learned, and neither
/// logits nor gradients of the others are computed. dW is accumulated in float32 by GEMMs with beta = 1
/// straight into the gradient.
final class LinearCrossEntropy {

    private final RowPasses passes;
    private final MatrixProduct gemm;
    private final Predicate<Tensor> multipliesHalves;
    private final Workspace workspace = new Workspace();

    /// @param multipliesHalves of rows, see [Kernels#multipliesHalves]: bfloat16 operands stay so
    ///     there. Logits are float32 all the same, their gradient is rounded once
    LinearCrossEntropy(RowPasses passes, MatrixProduct gemm, Predicate<Tensor> multipliesHalves) {
        this.multipliesHalves = multipliesHalves;
        this.passes = passes;
        this.gemm = gemm;
    }

    void releaseWorkspace() {
        workspace.close();
    }

    HeadLoss lossAndGradient(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            @Nullable Tensor headGradient_VD,
            HeadOptions options) {
        HeadArguments.check(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, headGradient_VD, options);
        long active = activeRows_A.size(0);
        Tensor lossSum = Tensors.zerosBeside(hidden_ND, ScalarType.Double);
        Tensor logProb_A = Tensors.beside(hidden_ND, scoreType(hidden_ND), active);
        Tensor logSumExp_A = Tensors.beside(hidden_ND, ScalarType.Double, active);
        Tensor dHidden_ND =
                Tensors.zerosBeside(hidden_ND, Arguments.dtype(hidden_ND), hidden_ND.size(0), hidden_ND.size(1));
        if (active > 0) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                HeadProducts in = products(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, options);
                HeadPlan plan = in.plan(headGradient_VD != null);
                Tensor dActive_AD = in.hiddenGradientBuffer(dHidden_ND);
                if (plan.order() == Order.ROWS) {
                    byRows(in, plan, logProb_A, logSumExp_A, dActive_AD, headGradient_VD, Known.NOTHING);
                } else {
                    statistics(in, plan, logProb_A, logSumExp_A);
                    gradients(in, plan, logProb_A, logSumExp_A, dActive_AD, headGradient_VD);
                }
                in.scatter(dActive_AD, dHidden_ND);
                lossSum.copy_(logProb_A
                        .to(ScalarType.Double)
                        .mul_(in.weights().to(ScalarType.Double))
                        .sum()
                        .neg_());
            }
        }
        return new HeadLoss(lossSum, logProb_A, logSumExp_A, dHidden_ND);
    }

    HeadScore score(
            Tensor hidden_ND, Tensor weight_VD, Tensor target_N, @Nullable Tensor activeRows_A, HeadOptions options) {
        HeadArguments.check(hidden_ND, weight_VD, target_N, null, activeRows_A, null, options);
        long active = activeRows_A == null ? hidden_ND.size(0) : activeRows_A.size(0);
        Tensor logProb_A = Tensors.beside(hidden_ND, scoreType(hidden_ND), active);
        Tensor logSumExp_A = Tensors.beside(hidden_ND, ScalarType.Double, active);
        boolean kept = false;
        if (active > 0) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                HeadProducts in = products(hidden_ND, weight_VD, target_N, null, activeRows_A, options);
                HeadPlan whole = in.keepingPlan();
                HeadPlan plan = whole == null ? in.plan(false) : whole;
                kept = whole != null;
                if (plan.order() == Order.ROWS) {
                    byRows(in, plan, logProb_A, logSumExp_A, null, null, Known.NOTHING);
                } else {
                    statistics(in, plan, logProb_A, logSumExp_A);
                }
            }
        }
        return new HeadScore(logProb_A, logSumExp_A, kept ? new KeptLogits(workspace, workspace.uses()) : null);
    }

    Tensor backward(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            HeadScore score,
            @Nullable Tensor headGradient_VD,
            HeadOptions options) {
        HeadArguments.check(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, headGradient_VD, options);
        HeadArguments.scored(score, activeRows_A);
        Tensor dHidden_ND =
                Tensors.zerosBeside(hidden_ND, Arguments.dtype(hidden_ND), hidden_ND.size(0), hidden_ND.size(1));
        if (activeRows_A.size(0) > 0) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                HeadProducts in = products(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, options);
                KeptLogits kept = score.logits();
                HeadPlan whole = kept != null && kept.areIn(workspace) ? in.keepingPlan() : null;
                HeadPlan plan = whole == null ? in.plan(headGradient_VD != null) : whole;
                Tensor dActive_AD = in.hiddenGradientBuffer(dHidden_ND);
                if (plan.order() == Order.ROWS) {
                    Known known = whole == null ? Known.STATISTICS : Known.LOGITS_TOO;
                    byRows(in, plan, score.logProb_A(), score.logSumExp_A(), dActive_AD, headGradient_VD, known);
                } else {
                    gradients(in, plan, score.logProb_A(), score.logSumExp_A(), dActive_AD, headGradient_VD);
                }
                in.scatter(dActive_AD, dHidden_ND);
            }
        }
        return dHidden_ND;
    }

    private HeadProducts products(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            @Nullable Tensor weights_N,
            @Nullable Tensor activeRows_A,
            HeadOptions options) {
        return new HeadProducts(
                gemm, multipliesHalves, workspace, hidden_ND, weight_VD, target_N, weights_N, activeRows_A, options);
    }

    /// What an earlier pass has left for a backward pass over rows.
    private enum Known {
        NOTHING,
        /// Log-probabilities and log-sum-exps.
        STATISTICS,
        /// And the logits, in the workspace.
        LOGITS_TOO
    }

    /// Chunks of rows. What is not known of their statistics is computed and written.
    private void byRows(
            HeadProducts in,
            HeadPlan plan,
            Tensor logProb_A,
            Tensor logSumExp_A,
            @Nullable Tensor dActive_AD,
            @Nullable Tensor headGradient_VD,
            Known known) {
        for (long row = 0; row < in.active; row += plan.rows()) {
            long rows = Math.min(plan.rows(), in.active - row);
            try (PointerScope _ = new PointerScope()) {
                Tensor logits = in.matrix(rows, in.vocabulary);
                Tensor hidden_CD = in.hidden.narrow(0, row, rows);
                for (long first = 0; known != Known.LOGITS_TOO && first < in.vocabulary; first += plan.classes()) {
                    long classes = Math.min(plan.classes(), in.vocabulary - first);
                    in.logits(logits.narrow(1, first, classes), hidden_CD, first);
                }
                Tensor target = in.target.narrow(0, row, rows);
                Tensor logProb = logProb_A.narrow(0, row, rows);
                Tensor logSumExp = logSumExp_A.narrow(0, row, rows);
                if (dActive_AD == null) {
                    passes.softmax(logits, target, null, null, in.softCap, logProb, logSumExp);
                    continue;
                }
                Tensor weights = in.weights().narrow(0, row, rows);
                Tensor narrow = in.narrow(logits);
                if (known == Known.NOTHING) {
                    passes.softmax(logits, target, weights, narrow, in.softCap, logProb, logSumExp);
                } else {
                    passes.gradient(logits, 0, target, weights, narrow, in.softCap, logProb, logSumExp);
                }
                Tensor dHidden_CD = dActive_AD.narrow(0, row, rows);
                Tensor gradients = narrow == null ? logits : narrow;
                for (long first = 0; first < in.vocabulary; first += plan.classes()) {
                    long classes = Math.min(plan.classes(), in.vocabulary - first);
                    Tensor gradient = gradients.narrow(1, first, classes);
                    in.hiddenGradient(gradient, first, dHidden_CD, first == 0);
                    in.headGradient(gradient, hidden_CD, first, headGradient_VD);
                }
            }
        }
    }

    /// First pass over chunks of the vocabulary.
    private void statistics(HeadProducts in, HeadPlan plan, Tensor logProb_A, Tensor logSumExp_A) {
        Tensor maximum =
                Tensors.zerosBeside(in.hidden, ScalarType.Double, in.active).fill_(new Scalar(-Float.MAX_VALUE));
        Tensor sum = Tensors.zerosBeside(in.hidden, ScalarType.Double, in.active);
        Tensor targetLogit = Tensors.zerosBeside(in.hidden, ScalarType.Double, in.active);
        for (long first = 0; first < in.vocabulary; first += plan.classes()) {
            long classes = Math.min(plan.classes(), in.vocabulary - first);
            try (PointerScope _ = new PointerScope()) {
                Tensor logits = in.matrix(in.active, classes);
                in.logits(logits, in.hidden, first);
                passes.accumulate(logits, first, in.target, in.softCap, maximum, sum, targetLogit);
            }
        }
        sum.log_();
        // Through the differences: the log-sum-exp itself has lost the digits of a nearly certain prediction.
        logProb_A.copy_(targetLogit.sub_(maximum).sub_(sum));
        logSumExp_A.copy_(maximum.add_(sum));
    }

    /// Second pass over chunks of the vocabulary.
    private void gradients(
            HeadProducts in,
            HeadPlan plan,
            Tensor logProb_A,
            Tensor logSumExp_A,
            Tensor dActive_AD,
            @Nullable Tensor headGradient_VD) {
        for (long first = 0; first < in.vocabulary; first += plan.classes()) {
            long classes = Math.min(plan.classes(), in.vocabulary - first);
            try (PointerScope _ = new PointerScope()) {
                Tensor logits = in.matrix(in.active, classes);
                in.logits(logits, in.hidden, first);
                Tensor narrow = in.narrow(logits);
                passes.gradient(logits, first, in.target, in.weights(), narrow, in.softCap, logProb_A, logSumExp_A);
                Tensor gradient = narrow == null ? logits : narrow;
                in.hiddenGradient(gradient, first, dActive_AD, first == 0);
                in.headGradient(gradient, in.hidden, first, headGradient_VD);
            }
        }
    }

    /// Log-probabilities are float32; float64 only for float64 hidden states, whose one use is checking
    /// the others.
    private static ScalarType scoreType(Tensor hidden) {
        return Arguments.accumulator(Arguments.dtype(hidden));
    }
}
