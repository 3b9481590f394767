package awl.train;

import awl.data.Batch;
import awl.data.Component;
import awl.data.StepBatches;
import awl.loss.DirectPreference;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Sums of weighted negative log-likelihoods on the host, whole and by part.
final class WeightedSums {

    private WeightedSums() {}

    /// `- sum w log p` over all batches.
    static double loss(LogProbs scored) {
        double sum = 0;
        for (int b = 0; b < scored.batches().size(); b++) {
            for (double document : DirectPreference.sums(scored.batches().get(b), scored.of(b))) {
                sum -= document;
            }
        }
        return sum;
    }

    /// The loss of each part of a step; the whole is the sum of `share * loss`. A part without rows anywhere in
    /// the data is undefined; one that has rows, but none in this step, adds nothing to it and is 0.
    ///
    /// Over an epoch the means of these are the parts' losses, for their constants belong to the whole data set.
    static Map<String, @Nullable Double> components(
            StepBatches step, double loss, LogProbs learned, LogProbs measured) {
        Map<String, @Nullable Double> parts = new LinkedHashMap<>();
        if (step.components().isEmpty()) {
            return parts;
        }
        double[] losses = new double[step.components().size()];
        add(learned, losses);
        for (int c = 0; c < losses.length; c++) {
            double share = step.components().get(c).share();
            losses[c] = share > 0 ? losses[c] / share : 0;
        }
        add(measured, losses);
        for (int c = 0; c < losses.length; c++) {
            Component component = step.components().get(c);
            parts.put(component.metric(), component.present() ? losses[c] / step.normaliser() : null);
        }
        parts.put("J_Mix", loss);
        return parts;
    }

    private static void add(LogProbs scored, double[] losses) {
        for (int b = 0; b < scored.batches().size(); b++) {
            Batch batch = scored.batches().get(b);
            double[] documents = DirectPreference.sums(batch, scored.of(b));
            for (int d = 0; d < documents.length; d++) {
                losses[batch.documentGroup()[d]] -= documents[d];
            }
        }
    }
}
