package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.BlockMatrix;
import awl.tensor.DeviceHandle;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The reference with what a library exports put in its place. Cases a library does not take (float64, memory
/// of another device) stay with the reference.
public final class NativeKernels extends TorchKernels {

    private final NativeLibrary library;
    private final @Nullable NativeRmsNorm rmsNorm;
    private final @Nullable NativeAddRmsNorm addRmsNorm;
    private final @Nullable NativeRope rope;
    private final @Nullable NativeLinear linear;
    private final @Nullable NativeMatrixProduct product;
    private final @Nullable NativeBlocks blocks;
    private final @Nullable NativeGated gated;
    private final @Nullable NativeCacheAttention cacheAttention;
    private final @Nullable NativeSample sample;
    private final @Nullable NativeDropout dropout;
    private final @Nullable NativeDocumentAttention documentAttention;
    private final @Nullable NativeOptimizer optimizer;

    private NativeKernels(NativeLibrary library, KernelHandles handles) {
        super(NativeRowPasses.of(library, handles), multipliesHalves(library));
        this.library = library;
        rmsNorm = NativeRmsNorm.of(library, handles);
        addRmsNorm = NativeAddRmsNorm.of(library, handles);
        rope = NativeRope.of(library, handles);
        linear = NativeLinear.of(library, handles);
        product = NativeMatrixProduct.of(library, handles);
        blocks = NativeBlocks.of(library, handles);
        gated = NativeGated.of(library, handles);
        cacheAttention = NativeCacheAttention.of(library, handles);
        sample = NativeSample.of(library, handles);
        dropout = NativeDropout.of(library, handles);
        documentAttention = NativeDocumentAttention.of(library, handles);
        optimizer = NativeOptimizer.of(library, handles);
    }

    /// Whether bfloat16 operands are multiplied as they are in host memory, twice as fast as float32.
    private static boolean multipliesHalves(NativeLibrary library) {
        return library.instructionSet().equals("avx512bf16");
    }

    private static NativeKernels of(BoundLibrary bound) {
        return new NativeKernels(bound.library(), bound.handles());
    }

    /// Opens a library and binds its kernels.
    public static NativeKernels open(Path path) {
        return of(BoundLibrary.of(path));
    }

    /// The CUDA kernels on a host emulation, for tests.
    static NativeKernels emulated(Path path) {
        return of(BoundLibrary.emulated(path));
    }

    /// Whether matrices in host memory are multiplied here and not by libtorch.
    boolean multiplies() {
        return product != null && library.backend().equals("cpu");
    }

    public NativeLibrary library() {
        return library;
    }

    @Override
    public String name() {
        return "native (" + library.instructionSet() + ")";
    }

    @Override
    public @Nullable Replay record(Runnable calls) {
        // Not tried on a device, where a graph of its own would be the way.
        return library.backend().equals("cpu") ? NativeLibrary.record(calls) : super.record(calls);
    }

    @Override
    public void inSequence(TensorOperation operation, Tensor... on) {
        NativeLibrary.inSequence(operation, on);
    }

    @Override
    public void releaseWorkspace() {
        super.releaseWorkspace();
        if (product != null) {
            product.releaseWorkspace();
        }
        if (blocks != null) {
            blocks.releaseWorkspace();
        }
        if (documentAttention != null) {
            documentAttention.releaseWorkspace();
        }
    }

    private boolean takes(Tensor x) {
        return Arguments.dtype(x) != ScalarType.Double && library.takes(x);
    }

    @Override
    public void rmsNorm(
            Tensor x_ND, Tensor weight_D, double epsilon, boolean onePlusWeight, Tensor y_ND, Tensor inverseRms_N) {
        NativeRmsNorm kernel = rmsNorm;
        if (kernel == null || !takes(x_ND)) {
            super.rmsNorm(x_ND, weight_D, epsilon, onePlusWeight, y_ND, inverseRms_N);
            return;
        }
        RmsNormArguments.forward(x_ND, weight_D, y_ND, inverseRms_N);
        kernel.run(x_ND, weight_D, epsilon, onePlusWeight, y_ND, inverseRms_N);
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
        NativeRmsNorm kernel = rmsNorm;
        if (kernel == null || !takes(x_ND)) {
            super.rmsNormBackward(
                    outputGradient_ND, x_ND, weight_D, inverseRms_N, onePlusWeight, inputGradient_ND, weightGradient_D);
            return;
        }
        RmsNormArguments.backward(outputGradient_ND, x_ND, weight_D, inverseRms_N, inputGradient_ND, weightGradient_D);
        kernel.runBackward(
                outputGradient_ND, x_ND, weight_D, inverseRms_N, onePlusWeight, inputGradient_ND, weightGradient_D);
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
        NativeAddRmsNorm kernel = addRmsNorm;
        if (kernel == null || !takes(x_ND)) {
            super.addRmsNorm(x_ND, branch_ND, weight_D, epsilon, onePlusWeight, sum_ND, y_ND, inverseRms_N);
            return;
        }
        RmsNormArguments.sum(x_ND, branch_ND, weight_D, sum_ND, y_ND, inverseRms_N);
        kernel.run(x_ND, branch_ND, weight_D, epsilon, onePlusWeight, sum_ND, y_ND, inverseRms_N);
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
        NativeAddRmsNorm kernel = addRmsNorm;
        if (kernel == null || !takes(sum_ND)) {
            super.addRmsNormBackward(
                    outputGradient_ND,
                    sumGradient_ND,
                    sum_ND,
                    weight_D,
                    inverseRms_N,
                    onePlusWeight,
                    inputGradient_ND,
                    weightGradient_D);
            return;
        }
        RmsNormArguments.sumBackward(
                outputGradient_ND, sumGradient_ND, sum_ND, weight_D, inverseRms_N, inputGradient_ND, weightGradient_D);
        kernel.runBackward(
                outputGradient_ND,
                sumGradient_ND,
                sum_ND,
                weight_D,
                inverseRms_N,
                onePlusWeight,
                inputGradient_ND,
                weightGradient_D);
    }

    @Override
    public void rope(Tensor x_NHE, Tensor cosine_NR, Tensor sine_NR, boolean back) {
        NativeRope kernel = rope;
        if (kernel == null || !takes(x_NHE)) {
            super.rope(x_NHE, cosine_NR, sine_NR, back);
            return;
        }
        RopeArguments.check(x_NHE, cosine_NR, sine_NR);
        kernel.rotate(x_NHE, cosine_NR, sine_NR, back);
    }

    @Override
    public void linear(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        LinearArguments.check(x_ND, weights_OD, y_NO);
        NativeLinear kernel = linear;
        if (kernel == null || !takes(x_ND) || !kernel.fits(x_ND, weights_OD, y_NO)) {
            multiplied(x_ND, weights_OD, y_NO);
        } else {
            kernel.run(x_ND, weights_OD, y_NO);
        }
    }

    /// By the product where the library has one that is exact on these dtypes, else by the reference.
    private void multiplied(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        long column = 0;
        for (Tensor weight_OD : weights_OD) {
            try (PointerScope _ = new PointerScope()) {
                Tensor part_NO = y_NO.narrow(1, column, weight_OD.size(0));
                if (product != null && product.widens(x_ND, weight_OD) && product.takes(x_ND, weight_OD, part_NO)) {
                    product.multiply(x_ND, weight_OD.t(), 1, false, part_NO);
                } else {
                    super.linear(x_ND, List.of(weight_OD), part_NO);
                }
            }
            column += weight_OD.size(0);
        }
    }

    @Override
    public boolean usesBlocks(BlockMatrix weight) {
        return blocks != null && blocks.takes(weight);
    }

    @Override
    public void linearBlocks(Tensor x_ND, List<BlockMatrix> weights, Tensor y_NO) {
        NativeBlocks kernel = blocks;
        if (kernel == null || !library.takes(x_ND) || !weights.stream().allMatch(kernel::takes)) {
            super.linearBlocks(x_ND, weights, y_NO);
            return;
        }
        LinearArguments.blocks(x_ND, weights, y_NO);
        if (x_ND.size(0) <= FEW_ROWS) {
            kernel.linear(x_ND, weights, y_NO);
            return;
        }
        // Decoding takes little of what multiplying many rows takes.
        long column = 0;
        for (BlockMatrix weight : weights) {
            try (PointerScope _ = new PointerScope()) {
                matrixProduct(x_ND, kernel.decoded(weight, x_ND).t(), 1, false, y_NO.narrow(1, column, weight.rows()));
            }
            column += weight.rows();
        }
    }

    @Override
    public Tensor dequantized(BlockMatrix weight) {
        return blocks != null && blocks.takes(weight) ? blocks.dequantized(weight) : super.dequantized(weight);
    }

    @Override
    public void gated(Tensor both_N2F, Activation activation, Tensor out_NF) {
        NativeGated kernel = gated;
        if (kernel == null || !takes(both_N2F)) {
            super.gated(both_N2F, activation, out_NF);
            return;
        }
        GatedArguments.forward(both_N2F, out_NF);
        kernel.forward(both_N2F, activation, out_NF);
    }

    @Override
    public void gatedBackward(Tensor gradient_NF, Tensor both_N2F, Activation activation, Tensor below_N2F) {
        NativeGated kernel = gated;
        if (kernel == null || !takes(both_N2F)) {
            super.gatedBackward(gradient_NF, both_N2F, activation, below_N2F);
            return;
        }
        GatedArguments.backward(gradient_NF, both_N2F, below_N2F);
        kernel.backward(gradient_NF, both_N2F, activation, below_N2F);
    }

    @Override
    public void matrixProduct(Tensor left_NK, Tensor right_KM, double scale, boolean add, Tensor out_NM) {
        NativeMatrixProduct kernel = product;
        if (kernel == null || !kernel.takes(left_NK, right_KM, out_NM)) {
            super.matrixProduct(left_NK, right_KM, scale, add, out_NM);
            return;
        }
        LinearArguments.product(left_NK, right_KM, out_NM);
        kernel.multiply(left_NK, right_KM, scale, add, out_NM);
    }

    @Override
    public void lowRankProduct(
            Tensor left_NK, Tensor right_KM, Tensor low_NR, Tensor up_RM, boolean add, Tensor out_NM) {
        NativeMatrixProduct kernel = product;
        if (kernel == null
                || !kernel.takes(left_NK, right_KM, out_NM)
                || !kernel.takesPair(left_NK, low_NR, up_RM, out_NM)) {
            super.lowRankProduct(left_NK, right_KM, low_NR, up_RM, add, out_NM);
            return;
        }
        LinearArguments.product(left_NK, right_KM, out_NM);
        LinearArguments.product(low_NR, up_RM, out_NM);
        kernel.multiply(left_NK, right_KM, low_NR, up_RM, add, out_NM);
    }

    @Override
    public boolean fusesCacheAttention(Tensor keys_SKCE) {
        return cacheAttention != null && takes(keys_SKCE) && NativeCacheAttention.fits(keys_SKCE);
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
        NativeCacheAttention kernel = cacheAttention;
        if (kernel == null || !fusesCacheAttention(keys_SKCE)) {
            super.cacheAttention(
                    projected_NW, cosine_NR, sine_NR, keys_SKCE, values_SKCE, slot_N, position_N, scores, out_NHE);
            return;
        }
        CacheAttentionArguments.check(
                projected_NW, cosine_NR, sine_NR, keys_SKCE, values_SKCE, slot_N, position_N, out_NHE);
        kernel.run(projected_NW, cosine_NR, sine_NR, keys_SKCE, values_SKCE, slot_N, position_N, scores, out_NHE);
    }

    @Override
    public void dropout(Tensor x_NI, Tensor key_N, double share, long place, Tensor out_NI) {
        NativeDropout kernel = dropout;
        if (kernel == null || !takes(x_NI) || x_NI.stride(1) != 1 || out_NI.stride(1) != 1) {
            super.dropout(x_NI, key_N, share, place, out_NI);
            return;
        }
        TorchDropout.check(x_NI, key_N, share, out_NI);
        kernel.run(x_NI, key_N, share, place, out_NI);
    }

    @Override
    public void sample(Tensor logits_BV, Tensor settings_B4, Tensor uniform_B, Tensor id_B, Tensor logProb_B) {
        NativeSample kernel = sample;
        if (kernel == null || !library.takes(logits_BV) || logits_BV.stride(1) != 1) {
            super.sample(logits_BV, settings_B4, uniform_B, id_B, logProb_B);
            return;
        }
        SampleArguments.check(logits_BV, settings_B4, uniform_B, id_B, logProb_B);
        kernel.run(logits_BV, settings_B4, uniform_B, id_B, logProb_B);
    }

    @Override
    public boolean samplesOn(DeviceHandle device) {
        return library.backend().equals("cuda") || super.samplesOn(device);
    }

    @Override
    public boolean fusesDocumentAttention(Tensor projected_NW) {
        return documentAttention != null && takes(projected_NW);
    }

    @Override
    public void documentAttention(
            Tensor projected_NW, int[] documentStart, AttentionScores scores, Tensor out_NHE, Tensor logSumExp_HN) {
        NativeDocumentAttention kernel = documentAttention;
        if (kernel == null || !attends(projected_NW)) {
            super.documentAttention(projected_NW, documentStart, scores, out_NHE, logSumExp_HN);
            return;
        }
        DocumentAttentionArguments.check(projected_NW, documentStart, out_NHE, logSumExp_HN);
        kernel.forward(projected_NW, documentStart, scores, out_NHE, logSumExp_HN);
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
        NativeDocumentAttention kernel = documentAttention;
        if (kernel == null || !attends(projected_NW)) {
            super.documentAttentionBackward(
                    gradient_NHE, projected_NW, documentStart, scores, out_NHE, logSumExp_HN, below_NW);
            return;
        }
        DocumentAttentionArguments.check(projected_NW, documentStart, out_NHE, logSumExp_HN);
        DocumentAttentionArguments.gradients(gradient_NHE, below_NW, projected_NW, out_NHE);
        kernel.backward(gradient_NHE, projected_NW, documentStart, scores, out_NHE, logSumExp_HN, below_NW);
    }

    @Override
    public void embeddingBackward(Tensor gradient_ND, Tensor tokens_N, double scale, Tensor table_VD) {
        NativeOptimizer kernel = optimizer;
        if (kernel == null || !kernel.takes(gradient_ND) || gradient_ND.stride(1) != 1 || table_VD.stride(1) != 1) {
            super.embeddingBackward(gradient_ND, tokens_N, scale, table_VD);
            return;
        }
        OptimizerArguments.embeddingBackward(gradient_ND, tokens_N, table_VD);
        kernel.embeddingBackward(gradient_ND, tokens_N, scale, table_VD);
    }

    @Override
    public boolean fusesAdamW() {
        return optimizer != null;
    }

    @Override
    public void adamW(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip) {
        NativeOptimizer kernel = optimizer;
        if (kernel == null || !tensors.stream().map(AdamWTensors::value).allMatch(kernel::takes)) {
            super.adamW(tensors, step, divisor, skip);
            return;
        }
        OptimizerArguments.adamW(tensors, divisor, skip);
        kernel.adamW(tensors, step, divisor, skip);
    }

    @Override
    public Tensor squaredNorm(List<Tensor> tensors) {
        NativeOptimizer kernel = optimizer;
        if (kernel == null || !tensors.stream().allMatch(kernel::takes)) {
            return super.squaredNorm(tensors);
        }
        OptimizerArguments.squaredNorm(tensors);
        Tensor out = OptimizerArguments.sum(tensors);
        kernel.squaredNorm(tensors, out);
        return out;
    }

    private boolean attends(Tensor projected_NW) {
        return takes(projected_NW) && projected_NW.stride(1) == 1;
    }
}
