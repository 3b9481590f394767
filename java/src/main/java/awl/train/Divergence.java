package awl.train;

import awl.DivergedException;
import awl.data.Batch;
import awl.data.StepBatches;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Finds out where a NaN or infinity came from, once there is one: which documents, which gradient, which
/// weight.
final class Divergence {

    private static final int NAMED = 5;

    private Divergence() {}

    /// @param computed the micro-batches of this rank with the scores of their active rows
    static DivergedException explain(
            StepBatches step,
            double loss,
            double norm,
            LogProbs computed,
            List<Parameter> parameters,
            GradientBuckets buckets,
            World world) {
        Set<String> documents = new LinkedHashSet<>();
        for (String each : world.gather(String.join("\n", documents(computed)))) {
            each.lines().forEach(documents::add);
        }
        List<String> weights = parameters.stream()
                .filter(p -> !isFinite(p.value()))
                .map(Parameter::name)
                .toList();
        List<String> gradients = buckets.notFinite();
        StringBuilder message = new StringBuilder("step %d: the %s is %s; "
                .formatted(
                        step.step(),
                        Double.isFinite(loss) ? "gradient norm" : "loss",
                        Double.isFinite(loss) ? norm : loss));
        message.append(documents.isEmpty() ? "documents of the step: " : "first seen in documents: ")
                .append(some(documents.isEmpty() ? step.documentIds() : documents));
        if (!weights.isEmpty()) {
            message.append("; weights that are not finite: ").append(some(weights));
        }
        if (!gradients.isEmpty()) {
            message.append("; gradients that are not finite: ").append(some(gradients));
        }
        message.append(
                "; no weight was changed by this step. Lower optimizer.lr, set train.clip_norm, or look at these documents");
        return new DivergedException(message.toString());
    }

    private static Set<String> documents(LogProbs computed) {
        Set<String> documents = new LinkedHashSet<>();
        for (int b = 0; b < computed.batches().size(); b++) {
            Batch batch = computed.batches().get(b);
            float[] values = computed.of(b);
            for (int a = 0; a < values.length; a++) {
                if (!Float.isFinite(values[a])) {
                    documents.add(batch.documentIds().get(batch.documentOf(batch.activeRows()[a])));
                }
            }
        }
        return documents;
    }

    private static boolean isFinite(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return torch.isfinite(tensor).all().item_bool();
        }
    }

    private static String some(java.util.Collection<String> names) {
        return String.join(", ", names.stream().limit(NAMED).toList())
                + (names.size() > NAMED ? " and %d more".formatted(names.size() - NAMED) : "");
    }
}
