package awl.data;

import awl.DataException;
import awl.token.Rendered;
import java.util.ArrayList;
import java.util.List;

/// Decides what every token counts: row weights and the reduction become token weights and one constant of the
/// whole step, so that the loss itself is always `sum(w nll) / normaliser`, whatever the packing or the
/// accumulation.
///
/// With row weight r, token weights w and sums over t inside a row (over all its documents):
///
/// | reduction | token weight | normaliser over the rows |
/// |---|---|---|
/// | `token_mean` | r w_t | sum of r w_t |
/// | `example_mean` | r w_t / sum w | sum of r over rows that learn something |
/// | `sequence_sum` | r w_t | sum of r |
public record Weighting(Reduction reduction) {

    /// @param documents those of the rows, in order, with their final weights
    /// @param normaliser what the weighted sum over all of them is divided by; 0 when the step has nothing to
    ///     learn
    public record Weighted(List<Datum> documents, double normaliser) {}

    /// @param factors what the token weights of each row are multiplied with
    /// @param normaliser what the weighted sum over all rows is divided by; 0 when there is nothing to learn
    record Factors(double[] factors, double normaliser) {}

    /// Weights the rows of one optimiser step.
    public Weighted apply(List<Example> step) {
        Factors factors = factors(step);
        List<Datum> documents = new ArrayList<>(step.size());
        for (int i = 0; i < step.size(); i++) {
            documents.addAll(weigh(step.get(i), factors.factors[i], 0));
        }
        return new Weighted(documents, factors.normaliser);
    }

    /// What rows that share a normaliser count: those of a step, or of a part of the data.
    Factors factors(List<Example> rows) {
        double[] factors = new double[rows.size()];
        double normaliser = 0;
        boolean learns = false;
        for (int i = 0; i < factors.length; i++) {
            Example example = rows.get(i);
            double sum = example.weightSum();
            boolean idle = !example.learns();
            learns |= !idle;
            double factor = example.weight();
            switch (reduction) {
                case TOKEN_MEAN -> normaliser += factor * sum;
                case SEQUENCE_SUM -> normaliser += factor;
                case EXAMPLE_MEAN -> {
                    if (!idle) {
                        if (sum <= 0) {
                            throw new DataException(
                                    "%s: example_mean divides by the sum of the row's weights, which is %s; use sequence_sum for rows with negative weights"
                                            .formatted(example.where(), sum));
                        }
                        normaliser += factor;
                        factor /= sum;
                    }
                }
            }
            factors[i] = factor;
        }
        if (learns && normaliser <= 0) {
            throw new DataException(
                    "%s: %s divides by the sum of the weights of a step, which is %s in the step with %s; use sequence_sum for rows with negative weights"
                            .formatted(
                                    rows.getFirst().where(),
                                    reduction.key(),
                                    normaliser,
                                    rows.getFirst().id()));
        }
        return new Factors(factors, learns ? normaliser : 0);
    }

    /// A row as documents whose token weights are multiplied with `factor`.
    static List<Datum> weigh(Example example, double factor, int group) {
        List<Datum> documents = new ArrayList<>();
        int count = example.documents().size();
        for (Rendered document : example.documents()) {
            String id = count == 1 ? example.id() : "%s (document %d)".formatted(example.id(), documents.size() + 1);
            Datum datum = Datum.shift(id, document.ids(), document.weights()).in(group);
            float[] weights = datum.weights();
            for (int t = 0; t < weights.length; t++) {
                weights[t] = (float) (weights[t] * factor);
            }
            documents.add(datum);
        }
        return documents;
    }
}
