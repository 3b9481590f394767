package awl.data;

import awl.DataException;
import java.util.ArrayList;
import java.util.List;

/// Rows of the mixed objective: `sum over parts of share * (mean over the part)`, with constants that belong to
/// the whole data set and not to a step.
///
/// With the normaliser Z of a part over all its rows ([Weighting]) and S steps an epoch, a row counts `S share /
/// Z` times its own factor in its step. So the mean over an epoch's steps of loss and gradient is exactly that of
/// [Mixture], whatever the batch size; dividing by what happens to be in a step would let small parts count too
/// much. Steps are as equal in size as can be, and shuffling spreads each part evenly over the epoch, so that the
/// loss of a step is near that of the epoch.
///
/// Stratified sampling draws parts with the probability of their shares instead, and rows without replacement
/// inside a part; then the expectation of each step is the mixture.
public final class MixedRows implements StepRows {

    private static final double TINY = 1e-12;

    private final List<Example> examples;
    private final Mixture mixture;
    private final RowOrder order;
    private final List<int[]> parts = new ArrayList<>();
    private final double[] factors;
    private final double[] normalisers = new double[Origin.values().length];
    private final double[] shares = new double[Origin.values().length];
    private final List<Component> components = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /// @param examples each with an origin
    /// @param where names the data in notes and errors
    public MixedRows(List<Example> examples, Mixture mixture, RowOrder order, String where) {
        this.examples = List.copyOf(examples);
        this.mixture = mixture;
        this.order = order;
        this.factors = new double[examples.size()];
        Weighting weighting = new Weighting(mixture.reduction());
        double total = 0;
        for (Origin origin : Origin.values()) {
            int[] part = rowsOf(origin);
            parts.add(part);
            List<Example> rows =
                    java.util.Arrays.stream(part).mapToObj(this.examples::get).toList();
            Weighting.Factors weighed = weighting.factors(rows);
            for (int i = 0; i < part.length; i++) {
                factors[part[i]] = weighed.factors()[i];
            }
            normalisers[origin.ordinal()] = weighed.normaliser();
            total += weighed.normaliser() == 0 ? 0 : mixture.share(origin);
        }
        if (total < TINY) {
            throw new DataException(
                    "%s: objective.alpha %s and lambda %s leave nothing to learn: the parts they count (of %s) have no rows that learn something"
                            .formatted(where, mixture.alpha(), mixture.lambda(), Origin.names()));
        }
        share(total, where);
    }

    private int[] rowsOf(Origin origin) {
        List<Integer> rows = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            Origin of = examples.get(i).origin();
            if (of == null) {
                throw new DataException(examples.get(i).where() + ": origin: expected one of " + Origin.names()
                        + " (objective.type is mixed), found nothing");
            }
            if (of == origin) {
                rows.add(i);
            }
        }
        return rows.stream().mapToInt(Integer::intValue).toArray();
    }

    /// Empty parts give their share to the others, in proportion.
    private void share(double total, String where) {
        List<String> empty = new ArrayList<>();
        List<String> counted = new ArrayList<>();
        for (Origin origin : Origin.values()) {
            boolean present = normalisers[origin.ordinal()] != 0;
            double asked = mixture.share(origin);
            double share = present ? asked / total : 0;
            shares[origin.ordinal()] = share;
            boolean measured = present && (share > 0 || mixture.sampling() == Mixture.Sampling.WEIGHTED);
            components.add(new Component(origin.metric(), share, measured));
            if (present) {
                counted.add("%s counts %.4g".formatted(origin.key(), share));
            } else if (asked > 0) {
                empty.add(origin.key());
            }
        }
        if (!empty.isEmpty()) {
            notes.add("%s: no row of origin %s has something to learn; its share goes to the others: %s"
                    .formatted(where, String.join(" or ", empty), String.join(", ", counted)));
        }
    }

    /// What the user should know: parts without rows.
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public int size() {
        return examples.size();
    }

    @Override
    public boolean evenSteps() {
        return true;
    }

    @Override
    public int[] order(long epoch) {
        if (mixture.sampling() == Mixture.Sampling.STRATIFIED) {
            return drawn(epoch);
        }
        return order.shuffle() ? order.interleaved(parts, epoch) : order.of(examples.size(), epoch);
    }

    /// As many draws as there are rows.
    private int[] drawn(long epoch) {
        SplitMix components = order.generator(epoch, -1);
        List<SplitMix> shuffles = new ArrayList<>();
        int[][] cycles = new int[parts.size()][];
        int[] next = new int[parts.size()];
        for (int p = 0; p < parts.size(); p++) {
            shuffles.add(order.generator(epoch, p + 1));
            cycles[p] = new int[0];
        }
        int[] rows = new int[examples.size()];
        for (int i = 0; i < rows.length; i++) {
            int p = component(components.fraction());
            if (next[p] == cycles[p].length) {
                cycles[p] = order.of(parts.get(p).length, shuffles.get(p));
                next[p] = 0;
            }
            rows[i] = parts.get(p)[cycles[p][next[p]++]];
        }
        return rows;
    }

    private int component(double at) {
        double upTo = 0;
        int last = 0;
        for (int p = 0; p < shares.length; p++) {
            if (shares[p] > 0) {
                upTo += shares[p];
                last = p;
                if (at < upTo) {
                    return p;
                }
            }
        }
        return last;
    }

    @Override
    public StepContent content(int[] rows, long stepsPerEpoch) {
        return weighted(rows, mixture.sampling() == Mixture.Sampling.STRATIFIED ? 0 : stepsPerEpoch);
    }

    /// Validation reads every row once and weighs it, however training draws its rows.
    @Override
    public StepContent all() {
        return weighted(java.util.stream.IntStream.range(0, size()).toArray(), 1);
    }

    /// @param steps an epoch's steps; 0 where rows were drawn by their shares
    private StepContent weighted(int[] rows, long steps) {
        List<List<Datum>> units = new ArrayList<>();
        List<Datum> measured = new ArrayList<>();
        List<Example> step = new ArrayList<>(rows.length);
        for (int row : rows) {
            Example example = examples.get(row);
            step.add(example);
            int part = java.util.Objects.requireNonNull(example.origin()).ordinal();
            if (normalisers[part] == 0) {
                continue; // nothing of this part is learned
            }
            double mean = factors[row] / normalisers[part];
            if (shares[part] == 0) {
                measured.addAll(Weighting.weigh(example, mean, part));
            } else {
                double counts = steps == 0 ? parts.get(part).length : shares[part];
                Weighting.weigh(example, mean * counts, part).forEach(datum -> units.add(List.of(datum)));
            }
        }
        return new StepContent(units, measured, steps == 0 ? rows.length : 1.0 / steps, components, step);
    }

    @Override
    public List<Example> examples() {
        return examples;
    }
}
