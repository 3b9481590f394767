package awl.train;

import awl.data.Batch;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The smallest model with an embedding, dropout and a head, its gradients by hand: the loop is tested with it,
/// without a checkpoint to load. `hidden = dropout(E[x]); logits = hidden W^T + b`.
final class TinyObjective implements Objective, AutoCloseable {

    private final double dropout;
    private final Parameter embedding_VD;
    private final Parameter head_VD;
    private final Parameter bias_V;

    TinyObjective(int vocabulary, int width, double dropout) {
        this.dropout = dropout;
        torch.manual_seed(3);
        try (TensorScope scope = TensorScope.open()) {
            embedding_VD = new Parameter("embedding", torch.randn(vocabulary, width));
            head_VD = new Parameter("head", torch.randn(vocabulary, width).mul_(new Scalar(0.3)));
            bias_V = new Parameter("bias", torch.zeros(vocabulary));
        }
    }

    @Override
    public List<Parameter> trainable() {
        return List.of(embedding_VD, head_VD, bias_V);
    }

    @Override
    public void startRandomStream(long stream) {
        torch.manual_seed(stream);
    }

    @Override
    public Learned learn(Batch batch, double scale) {
        Rows rows = rows(batch);
        Tensor embedded_AD = embedding_VD.value().index_select(0, rows.inputs_A());
        Tensor mask_AD = torch.rand(embedded_AD.sizes().vec().get())
                .ge(new Scalar(dropout))
                .to(ScalarType.Float)
                .div_(new Scalar(1 - dropout));
        Tensor hidden_AD = embedded_AD.mul(mask_AD);
        Tensor logProb_AV = logProb(hidden_AD);
        Tensor chosen_A = logProb_AV.gather(1, rows.targets_A().unsqueeze(1)).squeeze(1);
        Tensor weights_A = rows.weights_A().mul(new Scalar(scale));
        Tensor dLogits_AV = logProb_AV.exp();
        dLogits_AV.scatter_add_(
                1,
                rows.targets_A().unsqueeze(1),
                torch.full(
                        new long[] {rows.targets_A().numel(), 1},
                        new Scalar(-1.0),
                        new TensorOptions(ScalarType.Float)));
        dLogits_AV.mul_(weights_A.unsqueeze(1));
        head_VD.accumulateProduct(new awl.kernel.TorchKernels()::matrixProduct, dLogits_AV.t(), hidden_AD);
        bias_V.accumulateRows(dLogits_AV);
        Tensor dEmbedded_AD = torch.mm(dLogits_AV, head_VD.value()).mul_(mask_AD);
        java.util.Objects.requireNonNull(embedding_VD.gradient()).index_add_(0, rows.inputs_A(), dEmbedded_AD);
        Tensor loss = weights_A
                .to(ScalarType.Double)
                .mul_(chosen_A.to(ScalarType.Double))
                .sum()
                .neg();
        return new Learned(loss, chosen_A);
    }

    @Override
    public Tensor logProb(Batch batch) {
        Rows rows = rows(batch);
        Tensor logProb_AV = logProb(embedding_VD.value().index_select(0, rows.inputs_A()));
        return logProb_AV.gather(1, rows.targets_A().unsqueeze(1)).squeeze(1);
    }

    private Tensor logProb(Tensor hidden_AD) {
        return torch.log_softmax(torch.mm(hidden_AD, head_VD.value().t()).add_(bias_V.value()), 1);
    }

    private record Rows(Tensor inputs_A, Tensor targets_A, Tensor weights_A) {}

    private static Rows rows(Batch batch) {
        int[] active = batch.activeRows();
        int[] inputs = new int[active.length];
        int[] targets = new int[active.length];
        float[] weights = new float[active.length];
        for (int a = 0; a < active.length; a++) {
            inputs[a] = batch.tokens()[active[a]];
            targets[a] = batch.targets()[active[a]];
            weights[a] = batch.weights()[active[a]];
        }
        return new Rows(Tensors.indices(inputs), Tensors.indices(targets), Tensors.floats(weights));
    }

    @Override
    public void close() {
        trainable().forEach(Parameter::close);
    }
}
