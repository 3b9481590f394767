package awl.kernel;

import awl.kernel.HeadPlan.Order;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.MatrixProduct;
import awl.tensor.Tensors;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The loss head: compaction of the active rows, chunking after [HeadPlan], GEMMs by
/// [Kernels#matrixProduct], what lies between them by [RowPasses].
///
/// Compaction is what pays: in agent traces about a quarter of the tokens is learned, and neither logits nor
/// gradients of the others are computed. dW is accumulated in float32 by GEMMs with beta = 1 straight into the
/// gradient.
final class LinearCrossEntropy {

    /// Columns of a gradient multiplied at a time for dW where logits are bfloat16.
    private static final long CONVERTED_COLUMNS = 4096;

    private final RowPasses passes;
    private final MatrixProduct gemm;
    private final Predicate<Tensor> multipliesHalves;
    private final Workspace workspace = new Workspace();

    /// @param multipliesHalves of rows, see [Kernels#multipliesHalves]: bfloat16 operands stay so there. Logits are
    ///     float32 all the same, their gradient is rounded once
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
        Tensor lossSum = filled(hidden_ND, ScalarType.Double);
        Tensor logProb_A = empty(hidden_ND, scoreType(hidden_ND), active);
        Tensor logSumExp_A = empty(hidden_ND, ScalarType.Double, active);
        Tensor dHidden_ND = filled(hidden_ND, Arguments.dtype(hidden_ND), hidden_ND.size(0), hidden_ND.size(1));
        if (active > 0) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                Chunks in = new Chunks(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, options);
                HeadPlan plan = in.plan(headGradient_VD != null);
                Tensor dActive_AD = in.hiddenGradientBuffer(dHidden_ND);
                if (plan.order() == Order.ROWS) {
                    byRows(in, plan, logProb_A, logSumExp_A, dActive_AD, headGradient_VD, true);
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
        Tensor logProb_A = empty(hidden_ND, scoreType(hidden_ND), active);
        Tensor logSumExp_A = empty(hidden_ND, ScalarType.Double, active);
        if (active > 0) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                Chunks in = new Chunks(hidden_ND, weight_VD, target_N, null, activeRows_A, options);
                HeadPlan plan = in.plan(false);
                if (plan.order() == Order.ROWS) {
                    byRows(in, plan, logProb_A, logSumExp_A, null, null, false);
                } else {
                    statistics(in, plan, logProb_A, logSumExp_A);
                }
            }
        }
        return new HeadScore(logProb_A, logSumExp_A);
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
        Tensor dHidden_ND = filled(hidden_ND, Arguments.dtype(hidden_ND), hidden_ND.size(0), hidden_ND.size(1));
        if (activeRows_A.size(0) > 0) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                Chunks in = new Chunks(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, options);
                HeadPlan plan = in.plan(headGradient_VD != null);
                Tensor dActive_AD = in.hiddenGradientBuffer(dHidden_ND);
                if (plan.order() == Order.ROWS) {
                    byRows(in, plan, score.logProb_A(), score.logSumExp_A(), dActive_AD, headGradient_VD, false);
                } else {
                    gradients(in, plan, score.logProb_A(), score.logSumExp_A(), dActive_AD, headGradient_VD);
                }
                in.scatter(dActive_AD, dHidden_ND);
            }
        }
        return dHidden_ND;
    }

    /// Chunks of rows. With `statisticsToo` the row statistics are computed and written, else (with a gradient
    /// wanted) they are given.
    private void byRows(
            Chunks in,
            HeadPlan plan,
            Tensor logProb_A,
            Tensor logSumExp_A,
            @Nullable Tensor dActive_AD,
            @Nullable Tensor headGradient_VD,
            boolean statisticsToo) {
        for (long row = 0; row < in.active; row += plan.rows()) {
            long rows = Math.min(plan.rows(), in.active - row);
            try (PointerScope _ = new PointerScope()) {
                Tensor logits = in.matrix(rows, in.vocabulary);
                Tensor hidden_CD = in.hidden.narrow(0, row, rows);
                for (long first = 0; first < in.vocabulary; first += plan.classes()) {
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
                if (statisticsToo) {
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
    private void statistics(Chunks in, HeadPlan plan, Tensor logProb_A, Tensor logSumExp_A) {
        Tensor maximum = filled(in.hidden, ScalarType.Double, in.active).fill_(new Scalar(-Float.MAX_VALUE));
        Tensor sum = filled(in.hidden, ScalarType.Double, in.active);
        Tensor targetLogit = filled(in.hidden, ScalarType.Double, in.active);
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
            Chunks in,
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

    /// The compacted inputs in the logits' dtype, and the three GEMMs on them.
    private final class Chunks {
        final boolean compacted;
        final long active;
        final long vocabulary;
        final long width;
        final Tensor activeRows;
        final Tensor hidden;
        final Tensor target;
        final @Nullable Tensor weights;
        final Tensor head;
        final HeadOptions options;
        final @Nullable Double softCap;
        final ScalarType storage;
        final ScalarType type;
        /// What products read: the logits' dtype, or bfloat16 as it is stored.
        final ScalarType operands;

        Chunks(
                Tensor hidden_ND,
                Tensor weight_VD,
                Tensor target_N,
                @Nullable Tensor weights_N,
                @Nullable Tensor activeRows_A,
                HeadOptions options) {
            this.options = options;
            softCap = options.softCap();
            head = weight_VD;
            vocabulary = weight_VD.size(0);
            width = weight_VD.size(1);
            storage = Arguments.dtype(hidden_ND);
            type = options.logits() == HeadOptions.Logits.FLOAT32 ? Arguments.accumulator(storage) : storage;
            boolean narrow = storage == ScalarType.BFloat16 && multipliesHalves.test(hidden_ND);
            operands = narrow ? storage : type;
            // Ascending distinct rows, as many as there are rows, are all of them in order.
            compacted = activeRows_A != null && activeRows_A.size(0) < hidden_ND.size(0);
            activeRows = activeRows_A == null ? target_N : activeRows_A;
            hidden = (compacted ? Tensors.rows(hidden_ND, activeRows) : hidden_ND).to(operands);
            target = compacted ? Tensors.rows(target_N, activeRows) : target_N;
            weights = weights_N == null || !compacted ? weights_N : Tensors.rows(weights_N, activeRows);
            active = hidden.size(0);
            HeadArguments.classes(target, vocabulary);
        }

        Tensor weights() {
            return java.util.Objects.requireNonNull(weights, "weights");
        }

        HeadPlan.Operands how() {
            if (operands != storage) {
                return HeadPlan.Operands.WIDENED;
            }
            return operands == type ? HeadPlan.Operands.AS_STORED : HeadPlan.Operands.NARROW;
        }

        HeadPlan plan(boolean trainable) {
            HeadPlan fixed = options.plan();
            if (fixed != null) {
                return fixed;
            }
            HeadPlan plan =
                    HeadPlan.choose(active, vocabulary, width, bytes(), how(), trainable, options.budgetBytes());
            if (!hidden.is_cuda() || plan.order() != Order.ROWS || plan.rows() == active) {
                return plan;
            }
            long fit = options.budgetBytes() / (vocabulary * bytes());
            int processors = Cuda.multiprocessors(DeviceHandle.of(hidden));
            return new HeadPlan(Order.ROWS, HeadWaves.rows(active, width, fit, processors), plan.classes());
        }

        private int bytes() {
            return switch (type) {
                case Double -> Double.BYTES;
                case Float -> Float.BYTES;
                default -> Short.BYTES;
            };
        }

        Tensor matrix(long rows, long columns) {
            return workspace.spread(hidden, type, rows, columns, bytes());
        }

        /// Where a chunk's gradient goes, rounded, if products take it narrower than its logits are: into
        /// their memory, each row at the beginning of theirs.
        @Nullable
        Tensor narrow(Tensor logits_CK) {
            return operands == type ? null : logits_CK.view(operands).narrow(1, 0, logits_CK.size(1));
        }

        private Tensor head(long first, long classes) {
            return head.narrow(0, first, classes);
        }

        /// Written in place where nothing has to be scattered or rounded.
        Tensor hiddenGradientBuffer(Tensor dHidden_ND) {
            ScalarType sums = Arguments.accumulator(storage);
            return compacted || sums != storage ? empty(hidden, sums, active, width) : dHidden_ND;
        }

        void scatter(Tensor dActive_AD, Tensor dHidden_ND) {
            if (compacted) {
                dHidden_ND.index_copy_(0, activeRows, dActive_AD.to(storage));
            } else if (dActive_AD != dHidden_ND) {
                dHidden_ND.copy_(dActive_AD);
            }
        }

        void logits(Tensor logits_CK, Tensor hidden_CD, long first) {
            long classes = logits_CK.size(1);
            gemm.multiply(hidden_CD, head(first, classes).t(), 1, false, logits_CK);
            Tensor bias = options.bias_V();
            if (bias != null) {
                logits_CK.add_(bias.narrow(0, first, classes));
            }
        }

        void hiddenGradient(Tensor gradient_CK, long first, Tensor dHidden_CD, boolean overwrite) {
            Tensor rows = head(first, gradient_CK.size(1));
            // Beside bfloat16 logits the result is float32, and so is the sum over pieces of the vocabulary.
            gemm.multiply(gradient_CK, rows, 1, !overwrite, dHidden_CD);
        }

        void headGradient(Tensor gradient_CK, Tensor hidden_CD, long first, @Nullable Tensor headGradient_VD) {
            long classes = gradient_CK.size(1);
            ScalarType sums = Arguments.accumulator(storage);
            Tensor biasGradient = options.biasGradient_V();
            if (biasGradient != null) {
                biasGradient
                        .narrow(0, first, classes)
                        .add_(gradient_CK.sum(
                                new long[] {0}, false, new org.bytedeco.pytorch.ScalarTypeOptional(sums)));
            }
            if (headGradient_VD == null) {
                return;
            }
            // A gradient that is already in the sums' dtype goes in whole; otherwise in slices, which the reference
            // converts.
            long step = type == sums || operands != type ? classes : Math.min(classes, CONVERTED_COLUMNS);
            for (long at = 0; at < classes; at += step) {
                try (PointerScope _ = new PointerScope()) {
                    long columns = Math.min(step, classes - at);
                    Tensor turned = gradient_CK.narrow(1, at, columns).t();
                    gemm.multiply(turned, hidden_CD, 1, true, headGradient_VD.narrow(0, first + at, columns));
                }
            }
        }
    }

    /// Log-probabilities are float32; float64 only for float64 hidden states, whose one use is checking the
    /// others.
    private static ScalarType scoreType(Tensor hidden) {
        return Arguments.accumulator(Arguments.dtype(hidden));
    }

    private static Tensor empty(Tensor like, ScalarType dtype, long... shape) {
        return Tensors.beside(like, dtype, shape);
    }

    private static Tensor filled(Tensor like, ScalarType dtype, long... shape) {
        return Tensors.zerosBeside(like, dtype, shape);
    }
}
