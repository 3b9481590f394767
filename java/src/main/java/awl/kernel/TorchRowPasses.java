package awl.kernel;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [RowPasses] in libtorch operations.
///
/// Rows are taken in blocks that stay in cache over the half dozen operations. Exponentials are summed in
/// float64: a float32 sum over 49,152 classes is off by about 1e-5.
final class TorchRowPasses implements RowPasses {

    private static final long BLOCK_BYTES = 2L << 20;

    @Override
    public void softmax(
            Tensor logits_CV,
            Tensor target_C,
            @Nullable Tensor weights_C,
            @Nullable Tensor narrow_CV,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C) {
        forEachBlock(logits_CV, (row, rows) -> {
            Tensor stored = logits_CV.narrow(0, row, rows);
            Tensor z = working(stored);
            Tensor slope = cap(z, softCap, weights_C != null);
            Tensor target = target_C.narrow(0, row, rows).unsqueeze(1);
            Tensor atTarget = z.gather(1, target).to(ScalarType.Double);
            Tensor maximum = z.amax(new long[] {1}, true);
            z = (weights_C == null ? z.sub(maximum) : z.sub_(maximum)).exp_();
            Tensor sum = sum(z);
            Tensor wide = maximum.to(ScalarType.Double);
            Tensor logSum = sum.log();
            Tensor logProb = atTarget.sub_(wide).sub_(logSum);
            logProb_C.narrow(0, row, rows).copy_(logProb.squeeze(1));
            logSumExp_C.narrow(0, row, rows).copy_(wide.add_(logSum).squeeze(1));
            if (weights_C != null) {
                Tensor weight = weights_C.narrow(0, row, rows).unsqueeze(1).to(ScalarType.Double);
                z.mul_(weight.div(sum).to(Arguments.dtype(z)));
                z.scatter_(1, target, logProb.expm1_().mul_(weight).to(Arguments.dtype(z)));
                finish(z, slope, narrow_CV == null ? stored : narrow_CV.narrow(0, row, rows));
            }
        });
    }

    @Override
    public void accumulate(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            @Nullable Double softCap,
            Tensor maximum_C,
            Tensor sum_C,
            Tensor targetLogit_C) {
        forEachBlock(logits_CK, (row, rows) -> {
            Tensor z = working(logits_CK.narrow(0, row, rows));
            Tensor unused = cap(z, softCap, false);
            Piece piece = Piece.of(z, target_C.narrow(0, row, rows), firstClass);
            Tensor known = targetLogit_C.narrow(0, row, rows).unsqueeze(1);
            Tensor here = z.gather(1, piece.column).to(ScalarType.Double);
            known.copy_(here.where(piece.inside, known));
            Tensor before = maximum_C.narrow(0, row, rows).unsqueeze(1);
            Tensor after = before.maximum(z.amax(new long[] {1}, true).to(ScalarType.Double));
            z.sub_(after.to(Arguments.dtype(z))).exp_();
            sum_C.narrow(0, row, rows)
                    .unsqueeze(1)
                    .mul_(before.sub_(after).exp_())
                    .add_(sum(z));
            before.copy_(after);
        });
    }

    @Override
    public void gradient(
            Tensor logits_CK,
            long firstClass,
            Tensor target_C,
            Tensor weights_C,
            @Nullable Tensor narrow_CK,
            @Nullable Double softCap,
            Tensor logProb_C,
            Tensor logSumExp_C) {
        forEachBlock(logits_CK, (row, rows) -> {
            Tensor stored = logits_CK.narrow(0, row, rows);
            Tensor z = working(stored);
            ScalarType dtype = Arguments.dtype(z);
            Tensor slope = cap(z, softCap, true);
            Piece piece = Piece.of(z, target_C.narrow(0, row, rows), firstClass);
            Tensor weight = weights_C.narrow(0, row, rows).unsqueeze(1).to(ScalarType.Double);
            Tensor logSumExp = logSumExp_C.narrow(0, row, rows).unsqueeze(1);
            // In two steps, because log-sum-exp has digits below float32's at large logits; the first step is exact
            // where it matters, close to the maximum.
            Tensor high = logSumExp.to(dtype);
            Tensor low = logSumExp.sub(high.to(ScalarType.Double)).to(dtype);
            z.sub_(high).sub_(low).exp_().mul_(weight.to(dtype));
            Tensor true_ = logProb_C
                    .narrow(0, row, rows)
                    .unsqueeze(1)
                    .to(ScalarType.Double)
                    .expm1()
                    .mul_(weight)
                    .to(dtype);
            z.scatter_(1, piece.column, true_.where(piece.inside, z.gather(1, piece.column)));
            finish(z, slope, narrow_CK == null ? stored : narrow_CK.narrow(0, row, rows));
        });
    }

    /// Where the targets lie in a piece of the vocabulary; outside it the column is clamped and `inside` is
    /// false.
    private record Piece(Tensor column, Tensor inside) {
        static Piece of(Tensor z, Tensor target, long firstClass) {
            long classes = z.size(1);
            Tensor local = target.sub(new Scalar(firstClass)).unsqueeze(1);
            Tensor column = local.clamp(
                    new org.bytedeco.pytorch.ScalarOptional(new Scalar(0L)),
                    new org.bytedeco.pytorch.ScalarOptional(new Scalar(classes - 1)));
            return new Piece(column, local.eq(column));
        }
    }

    private static Tensor working(Tensor stored) {
        return Arguments.dtype(stored) == ScalarType.BFloat16 ? stored.to(ScalarType.Float) : stored;
    }

    /// Applies the soft-cap in place; returns the tanh for [#finish] if asked, otherwise `z` as a placeholder.
    private static Tensor cap(Tensor z, @Nullable Double softCap, boolean keep) {
        if (softCap == null) {
            return z;
        }
        z.div_(new Scalar(softCap)).tanh_();
        Tensor tanh = keep ? z.clone() : z;
        z.mul_(new Scalar(softCap));
        return tanh;
    }

    /// Multiplies by the soft-cap's slope `1 - tanh^2` and stores the result where it was not computed in place.
    private static void finish(Tensor z, Tensor tanh, Tensor result) {
        if (tanh != z) {
            z.mul_(tanh.square_().neg_().add_(new Scalar(1.0)));
        }
        if (z != result) {
            // A copy of its own first: the result may lie in the same memory.
            result.copy_(z.to(Arguments.dtype(result)));
        }
    }

    private static Tensor sum(Tensor z) {
        return z.sum(new long[] {1}, true, new ScalarTypeOptional(ScalarType.Double));
    }

    @FunctionalInterface
    private interface Block {
        void at(long row, long rows);
    }

    private static void forEachBlock(Tensor logits, Block body) {
        long rows = logits.size(0);
        long step = Math.max(1, BLOCK_BYTES / Math.max(1, logits.size(1) * logits.element_size()));
        for (long row = 0; row < rows; row += step) {
            try (PointerScope _ = new PointerScope()) {
                body.at(row, Math.min(step, rows - row));
            }
        }
    }
}
