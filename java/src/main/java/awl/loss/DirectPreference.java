package awl.loss;

import awl.data.Batch;
import awl.kernel.HeadOptions;
import awl.kernel.HeadScore;
import awl.kernel.Kernels;
import awl.model.Head;
import awl.model.TokenBatch;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// `scale * sum_p weight_p loss_p` over the preference pairs of a micro-batch, with gradients.
///
/// A token's weight in the backward pass depends on the log-probabilities of both branches of its pair, so the head is
/// gone through twice: [Kernels#score], then the losses on the host in fp64, then [Kernels#backwardWithWeights]. Logits
/// that fit the head's budget are kept in between (three products, two of a frozen head), others are made again (four,
/// three). The model itself runs once. Both branches must be in one batch.
public final class DirectPreference {

    private final Kernels kernels;
    private final PreferenceLoss loss;
    private final PairTable pairs;

    public DirectPreference(Kernels kernels, PreferenceLoss loss, PairTable pairs) {
        this.kernels = kernels;
        this.loss = loss;
        this.pairs = pairs;
    }

    /// One pair of a batch.
    ///
    /// @param pair its number
    public record Scored(int pair, PreferenceLoss.Result result) {}

    /// Loss and gradients of a micro-batch; the head's gradient is added to its parameter unless that is frozen.
    ///
    /// @param hidden_ND hidden states behind the final norm
    public LossResult at(Head head, Tensor hidden_ND, TokenBatch in, double scale) {
        HeadOptions options = HeadOptions.standard(DeviceHandle.of(hidden_ND))
                .withSoftCap(head.softCap())
                .keepingLogits();
        Parameter weight = head.weight();
        HeadScore score = kernels.score(hidden_ND, weight.value(), in.targets_N(), in.activeRows_A(), options);
        Batch batch = in.batch();
        double sum = 0;
        float[] weights = new float[batch.length()];
        for (Scored each : scored(batch, Tensors.array(score.logProb_A()))) {
            double counts = scale * pairs.weights()[each.pair];
            sum += counts * each.result.loss();
            weigh(batch, 2 * each.pair, -counts * each.result.chosenSlope(), weights);
            weigh(batch, 2 * each.pair + 1, -counts * each.result.rejectedSlope(), weights);
        }
        Tensor hiddenGradient_ND = kernels.backwardWithWeights(
                hidden_ND,
                weight.value(),
                in.targets_N(),
                Tensors.floats(DeviceHandle.of(hidden_ND), weights),
                in.activeRows_A(),
                score,
                weight.gradient(),
                options);
        weight.added();
        Tensor total = Tensors.zerosBeside(hidden_ND, ScalarType.Double);
        try (Scalar value = new Scalar(sum)) {
            total.fill_(value);
        }
        return new LossResult(total, hiddenGradient_ND, score.logProb_A());
    }

    private static void weigh(Batch batch, int group, double factor, float[] weights) {
        for (int d = 0; d < batch.documents(); d++) {
            if (batch.documentGroup()[d] == group) {
                for (int n = batch.documentStart()[d]; n < batch.documentStart()[d + 1]; n++) {
                    weights[n] = (float) (factor * batch.weights()[n]);
                }
            }
        }
    }

    /// The pairs of a batch. A branch's log-probability and weight are the sums over its documents.
    ///
    /// @param logProb_A log-probability of each active row
    public List<Scored> scored(Batch batch, float[] logProb_A) {
        double[] logProbs = sums(batch, logProb_A);
        Map<Integer, double[]> branches = new LinkedHashMap<>();
        for (int d = 0; d < batch.documents(); d++) {
            double[] sum = branches.computeIfAbsent(batch.documentGroup()[d], group -> new double[2]);
            sum[0] += logProbs[d];
            sum[1] += weight(batch, d);
        }
        List<Scored> all = new ArrayList<>();
        branches.forEach((group, chosen) -> {
            int pair = group / 2;
            double[] rejected = branches.get(2 * pair + 1);
            if (rejected == null || !branches.containsKey(2 * pair)) {
                throw new IllegalStateException("the branches of pair %d are not in one micro-batch: %s"
                        .formatted(pair, Arrays.toString(batch.documentGroup())));
            }
            if (group % 2 == 0) {
                all.add(new Scored(
                        pair,
                        loss.of(
                                new PreferenceLoss.Branch(chosen[0], pairs.chosen()[pair], chosen[1]),
                                new PreferenceLoss.Branch(rejected[0], pairs.rejected()[pair], rejected[1]))));
            }
        });
        return all;
    }

    /// What a pair counts.
    public double weight(Scored pair) {
        return pairs.weights()[pair.pair];
    }

    private static double weight(Batch batch, int document) {
        double sum = 0;
        for (int n = batch.documentStart()[document]; n < batch.documentStart()[document + 1]; n++) {
            sum += batch.weights()[n];
        }
        return sum;
    }

    /// `sum_t w_t log p` of each document.
    public static double[] sums(Batch batch, float[] logProb_A) {
        double[] sums = new double[batch.documents()];
        for (int a = 0; a < logProb_A.length; a++) {
            int row = batch.activeRows()[a];
            sums[batch.documentOf(row)] += (double) batch.weights()[row] * logProb_A[a];
        }
        return sums;
    }
}
