package awl.kernel;

import awl.kernel.HeadPlan.Order;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.MatrixProduct;
import awl.tensor.Tensors;
import java.util.Objects;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The active rows of a loss head and its matrix as products read them, and the three products on
/// chunks of them: logits, gradient of the hidden states, gradient of the matrix. It knows where chunks
/// lie in memory; in which order they are taken is [LinearCrossEntropy]'s.
final class HeadProducts {

    /// Columns of a gradient multiplied at a time for dW where logits are bfloat16.
    private static final long CONVERTED_COLUMNS = 4096;

    final long active;
    final long vocabulary;
    final Tensor hidden;
    final Tensor target;
    final @Nullable Double softCap;
    private final MatrixProduct gemm;
    private final Workspace workspace;
    private final HeadOptions options;
    private final boolean compacted;
    private final Tensor activeRows;
    private final @Nullable Tensor weights;
    private final Tensor head;
    private final long width;
    private final ScalarType storage;
    private final ScalarType type;
    /// What products read: the logits' dtype, or bfloat16 as it is stored.
    private final ScalarType operands;

    /// @param multipliesHalves of rows, see [Kernels#multipliesHalves]
    /// @param workspace holds the logits of one chunk
    HeadProducts(
            MatrixProduct gemm,
            Predicate<Tensor> multipliesHalves,
            Workspace workspace,
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            @Nullable Tensor weights_N,
            @Nullable Tensor activeRows_A,
            HeadOptions options) {
        this.gemm = gemm;
        this.workspace = workspace;
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
        return Objects.requireNonNull(weights, "weights");
    }

    private HeadPlan.Operands operands() {
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
                HeadPlan.choose(active, vocabulary, width, bytes(), operands(), trainable, options.budgetBytes());
        if (!hidden.is_cuda() || plan.order() != Order.ROWS || plan.rows() == active) {
            return plan;
        }
        long fit = options.budgetBytes() / (vocabulary * bytes());
        int processors = Cuda.multiprocessors(DeviceHandle.of(hidden));
        return new HeadPlan(Order.ROWS, HeadWaves.rows(active, width, fit, processors), plan.classes());
    }

    /// All active rows at once, where the options want logits kept, the budget has room for them and scoring leaves
    /// them as they are (a soft-cap is applied in place); else null.
    @Nullable
    HeadPlan keepingPlan() {
        if (!options.keepsLogits() || softCap != null) {
            return null;
        }
        HeadPlan plan = plan(true);
        HeadPlan whole = new HeadPlan(Order.ROWS, active, plan.classes());
        boolean fits = whole.bytes(vocabulary, width, bytes(), operands() == HeadPlan.Operands.WIDENED)
                <= options.budgetBytes();
        return plan.order() == Order.ROWS && fits ? whole : null;
    }

    private int bytes() {
        return switch (type) {
            case Double -> Double.BYTES;
            case Float -> Float.BYTES;
            default -> Short.BYTES;
        };
    }

    /// Room for a chunk's logits, valid until the next.
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

    /// The gradient of the active rows, written in place where nothing has to be scattered or rounded.
    Tensor hiddenGradientBuffer(Tensor dHidden_ND) {
        ScalarType sums = Arguments.accumulator(storage);
        return compacted || sums != storage ? Tensors.beside(hidden, sums, active, width) : dHidden_ND;
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
                    .add_(gradient_CK.sum(new long[] {0}, false, new ScalarTypeOptional(sums)));
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
