package awl.kernel;

import awl.tensor.BlockMatrix;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The reference: every kernel in plain libtorch operations, on any device libtorch has.
public class TorchKernels implements Kernels {

    private final LinearCrossEntropy head;
    private final boolean multipliesHalves;

    public TorchKernels() {
        this(new TorchRowPasses());
    }

    TorchKernels(RowPasses passes) {
        this(passes, false);
    }

    /// @param multipliesHalves see [#multipliesHalves]; in host memory
    TorchKernels(RowPasses passes, boolean multipliesHalves) {
        this.multipliesHalves = multipliesHalves;
        head = new LinearCrossEntropy(passes, this::matrixProduct, this::multipliesHalves);
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public void releaseWorkspace() {
        head.releaseWorkspace();
    }

    @Override
    public void rmsNorm(
            Tensor x_ND, Tensor weight_D, double epsilon, boolean onePlusWeight, Tensor y_ND, Tensor inverseRms_N) {
        RmsNormArguments.forward(x_ND, weight_D, y_ND, inverseRms_N);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            ScalarType sums = Arguments.dtype(inverseRms_N);
            Tensor x = x_ND.to(sums);
            Tensor inverse = x.square()
                    .mean(new long[] {1}, true, new ScalarTypeOptional())
                    .add_(new Scalar(epsilon))
                    .rsqrt_();
            inverseRms_N.copy_(inverse.squeeze(1));
            y_ND.copy_(x.mul(inverse).mul_(scale(weight_D, onePlusWeight, sums)));
        }
    }

    @Override
    public void rmsNormBackward(
            Tensor outputGradient_ND,
            Tensor x_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        RmsNormArguments.backward(outputGradient_ND, x_ND, weight_D, inverseRms_N, inputGradient_ND, weightGradient_D);
        normBackward(
                outputGradient_ND,
                null,
                x_ND,
                weight_D,
                inverseRms_N,
                onePlusWeight,
                inputGradient_ND,
                weightGradient_D);
    }

    private static void normBackward(
            Tensor outputGradient_ND,
            @Nullable Tensor added_ND,
            Tensor x_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            ScalarType sums = Arguments.dtype(inverseRms_N);
            Tensor inverse = inverseRms_N.unsqueeze(1);
            Tensor normed = x_ND.to(sums).mul(inverse);
            Tensor dy = outputGradient_ND.to(sums);
            if (weightGradient_D != null) {
                weightGradient_D.add_(dy.mul(normed).sum(0));
            }
            Tensor g = dy.mul(scale(weight_D, onePlusWeight, sums));
            Tensor mean = g.mul(normed).mean(new long[] {1}, true, new ScalarTypeOptional());
            Tensor down = g.sub_(normed.mul_(mean)).mul_(inverse);
            inputGradient_ND.copy_(added_ND == null ? down : down.add_(added_ND));
        }
    }

    @Override
    public void dropout(Tensor x_NI, Tensor key_N, double share, long place, Tensor out_NI) {
        TorchDropout.check(x_NI, key_N, share, out_NI);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            TorchDropout.run(x_NI, key_N, share, place, out_NI);
        }
    }

    @Override
    public void sample(Tensor logits_BV, Tensor settings_B4, Tensor uniform_B, Tensor id_B, Tensor logProb_B) {
        SampleArguments.check(logits_BV, settings_B4, uniform_B, id_B, logProb_B);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            TorchSample.run(logits_BV, settings_B4, uniform_B, id_B, logProb_B);
        }
    }

    @Override
    public void addRmsNorm(
            Tensor x_ND,
            Tensor branch_ND,
            Tensor weight_D,
            double epsilon,
            boolean onePlusWeight,
            Tensor sum_ND,
            Tensor y_ND,
            Tensor inverseRms_N) {
        RmsNormArguments.sum(x_ND, branch_ND, weight_D, sum_ND, y_ND, inverseRms_N);
        torch.add_out(sum_ND, x_ND, branch_ND);
        rmsNorm(sum_ND, weight_D, epsilon, onePlusWeight, y_ND, inverseRms_N);
    }

    @Override
    public void addRmsNormBackward(
            Tensor outputGradient_ND,
            Tensor sumGradient_ND,
            Tensor sum_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        RmsNormArguments.sumBackward(
                outputGradient_ND, sumGradient_ND, sum_ND, weight_D, inverseRms_N, inputGradient_ND, weightGradient_D);
        normBackward(
                outputGradient_ND,
                sumGradient_ND,
                sum_ND,
                weight_D,
                inverseRms_N,
                onePlusWeight,
                inputGradient_ND,
                weightGradient_D);
    }

    private static Tensor scale(Tensor weight_D, boolean onePlusWeight, ScalarType sums) {
        Tensor weight = weight_D.to(sums);
        return onePlusWeight ? weight.add(new Scalar(1.0)) : weight;
    }

    @Override
    public void rope(Tensor x_NHE, Tensor cosine_NR, Tensor sine_NR, boolean back) {
        RopeArguments.check(x_NHE, cosine_NR, sine_NR);
        long rotated = cosine_NR.size(1);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            Tensor part = x_NHE.narrow(2, 0, rotated);
            Tensor wide = part.to(Arguments.dtype(cosine_NR));
            long half = rotated / 2;
            Tensor swapped = torch.cat(new TensorVector(wide.narrow(2, half, half), wide.narrow(2, 0, half)), 2);
            // Where nothing was widened this is the stream itself.
            wide.mul_(cosine_NR.unsqueeze(1));
            wide.addcmul_(swapped, sine_NR.unsqueeze(1), new Scalar(back ? -1.0 : 1.0));
            if (Arguments.dtype(part) != Arguments.dtype(wide)) {
                part.copy_(wide);
            }
        }
    }

    @Override
    public void linear(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        LinearArguments.check(x_ND, weights_OD, y_NO);
        long column = 0;
        for (Tensor weight_OD : weights_OD) {
            try (PointerScope _ = new PointerScope();
                    NoGradGuard _ = new NoGradGuard()) {
                Tensor weight = weight_OD.to(Arguments.dtype(x_ND));
                torch.mm_out(y_NO.narrow(1, column, weight_OD.size(0)), x_ND, weight.t());
            }
            column += weight_OD.size(0);
        }
    }

    @Override
    public void linearBlocks(Tensor x_ND, List<BlockMatrix> weights, Tensor y_NO) {
        LinearArguments.blocks(x_ND, weights, y_NO);
        long column = 0;
        for (BlockMatrix weight : weights) {
            try (PointerScope _ = new PointerScope()) {
                linear(x_ND, weight.dequantized(), y_NO.narrow(1, column, weight.rows()));
            }
            column += weight.rows();
        }
    }

    @Override
    public void gated(Tensor both_N2F, Activation activation, Tensor out_NF) {
        GatedArguments.forward(both_N2F, out_NF);
        long width = out_NF.size(1);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            torch.mul_out(
                    out_NF, activated(activation, both_N2F.narrow(1, 0, width)), both_N2F.narrow(1, width, width));
        }
    }

    @Override
    public void gatedBackward(Tensor gradient_NF, Tensor both_N2F, Activation activation, Tensor below_N2F) {
        GatedArguments.backward(gradient_NF, both_N2F, below_N2F);
        long width = gradient_NF.size(1);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            Tensor gate = both_N2F.narrow(1, 0, width);
            Tensor through = gradient_NF.mul(both_N2F.narrow(1, width, width));
            torch.mul_out(below_N2F.narrow(1, width, width), gradient_NF, activated(activation, gate));
            Tensor below = below_N2F.narrow(1, 0, width);
            switch (activation) {
                case SILU -> torch.silu_backward_out(below, through, gate);
                case TANH_GELU -> torch.gelu_backward_out(below, through, gate, "tanh");
            }
        }
    }

    private static Tensor activated(Activation activation, Tensor gate) {
        return switch (activation) {
            case SILU -> torch.silu(gate);
            case TANH_GELU -> torch.gelu(gate, "tanh");
        };
    }

    @Override
    public void matrixProduct(Tensor left_NK, Tensor right_KM, double scale, boolean add, Tensor out_NM) {
        LinearArguments.product(left_NK, right_KM, out_NM);
        if (out_NM.is_cuda()) {
            CudaProduct.multiply(left_NK, right_KM, scale, add, out_NM);
            return;
        }
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            // libtorch sums bfloat16 in float32 too, and its product wants one dtype.
            ScalarType stored = Arguments.dtype(out_NM);
            boolean same = Arguments.dtype(left_NK) == stored && Arguments.dtype(right_KM) == stored;
            ScalarType sums = same ? stored : Arguments.accumulator(stored);
            Tensor left = left_NK.to(sums);
            Tensor right = right_KM.to(sums);
            Tensor out = out_NM.to(sums);
            if (add || scale != 1) {
                out.addmm_(left, right, new Scalar(add ? 1.0 : 0.0), new Scalar(scale));
            } else {
                torch.mm_out(out, left, right);
            }
            if (sums != stored) {
                out_NM.copy_(out);
            }
        }
    }

    @Override
    public boolean multipliesHalves(Tensor rows) {
        return multipliesHalves || !rows.is_cpu();
    }

    @Override
    public void cacheAttention(
            Tensor projected_NW,
            Tensor cosine_NR,
            Tensor sine_NR,
            Tensor keys_SKCE,
            Tensor values_SKCE,
            Tensor slot_N,
            Tensor position_N,
            AttentionScores scores,
            Tensor out_NHE) {
        CacheAttentionArguments.check(
                projected_NW, cosine_NR, sine_NR, keys_SKCE, values_SKCE, slot_N, position_N, out_NHE);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            new TorchCacheAttention(keys_SKCE, values_SKCE, scores)
                    .run(projected_NW, cosine_NR, sine_NR, slot_N, position_N, out_NHE);
        }
    }

    @Override
    public void documentAttention(
            Tensor projected_NW, int[] documentStart, AttentionScores scores, Tensor out_NHE, Tensor logSumExp_HN) {
        var heads = DocumentAttentionArguments.check(projected_NW, documentStart, out_NHE, logSumExp_HN);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            new TorchDocumentAttention(heads, scores).forward(projected_NW, documentStart, out_NHE, logSumExp_HN);
        }
    }

    @Override
    public void documentAttentionBackward(
            Tensor gradient_NHE,
            Tensor projected_NW,
            int[] documentStart,
            AttentionScores scores,
            Tensor out_NHE,
            Tensor logSumExp_HN,
            Tensor below_NW) {
        var heads = DocumentAttentionArguments.check(projected_NW, documentStart, out_NHE, logSumExp_HN);
        DocumentAttentionArguments.gradients(gradient_NHE, below_NW, projected_NW, out_NHE);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            new TorchDocumentAttention(heads, scores).backward(gradient_NHE, projected_NW, documentStart, below_NW);
        }
    }

    @Override
    public void embeddingBackward(Tensor gradient_ND, Tensor tokens_N, double scale, Tensor table_VD) {
        OptimizerArguments.embeddingBackward(gradient_ND, tokens_N, table_VD);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            table_VD.index_add_(0, tokens_N, gradient_ND.to(Arguments.dtype(table_VD)), new Scalar(scale));
        }
    }

    @Override
    public void adamW(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip) {
        OptimizerArguments.adamW(tensors, divisor, skip);
        if (skip.item_double() == 1) {
            return;
        }
        try (NoGradGuard _ = new NoGradGuard()) {
            for (AdamWTensors each : tensors) {
                try (PointerScope _ = new PointerScope()) {
                    TorchOptimizer.adamW(each, step, divisor);
                }
            }
        }
    }

    @Override
    public Tensor squaredNorm(List<Tensor> tensors) {
        OptimizerArguments.squaredNorm(tensors);
        Tensor total = OptimizerArguments.sum(tensors);
        try (NoGradGuard _ = new NoGradGuard()) {
            TorchOptimizer.addSquares(tensors, total);
        }
        return total;
    }

    @Override
    public HeadLoss linearCrossEntropy(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            @Nullable Tensor headGradient_VD,
            HeadOptions options) {
        return head.lossAndGradient(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, headGradient_VD, options);
    }

    @Override
    public HeadScore score(
            Tensor hidden_ND, Tensor weight_VD, Tensor target_N, @Nullable Tensor activeRows_A, HeadOptions options) {
        return head.score(hidden_ND, weight_VD, target_N, activeRows_A, options);
    }

    @Override
    public Tensor backwardWithWeights(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            HeadScore score,
            @Nullable Tensor headGradient_VD,
            HeadOptions options) {
        return head.backward(hidden_ND, weight_VD, target_N, weights_N, activeRows_A, score, headGradient_VD, options);
    }
}
