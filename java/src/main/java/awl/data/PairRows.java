package awl.data;

import java.util.ArrayList;
import java.util.List;

/// Preference pairs: the two branches of a pair are one unit, so that they share a micro-batch. Group `2 p` is the
/// chosen branch of pair p, `2 p + 1` the rejected one; a step's loss is divided by the sum of its pair weights.
public final class PairRows implements StepRows {

    private final List<PreferencePair> pairs;
    private final RowOrder order;

    public PairRows(List<PreferencePair> pairs, RowOrder order) {
        this.pairs = List.copyOf(pairs);
        this.order = order;
    }

    public List<PreferencePair> pairs() {
        return pairs;
    }

    @Override
    public int size() {
        return pairs.size();
    }

    @Override
    public int[] order(long epoch) {
        return order.of(pairs.size(), epoch);
    }

    @Override
    public StepContent content(int[] rows, long stepsPerEpoch) {
        List<List<Datum>> units = new ArrayList<>();
        List<Example> step = new ArrayList<>();
        double normaliser = 0;
        for (int row : rows) {
            PreferencePair pair = pairs.get(row);
            step.add(pair.chosen());
            step.add(pair.rejected());
            normaliser += pair.weight();
            if (pair.weight() > 0) {
                units.add(unit(row));
            }
        }
        return new StepContent(units, List.of(), normaliser, List.of(), step);
    }

    /// The documents of both branches of a pair.
    public List<Datum> unit(int row) {
        PreferencePair pair = pairs.get(row);
        List<Datum> unit = new ArrayList<>(Weighting.weigh(pair.chosen(), 1, 2 * row));
        unit.addAll(Weighting.weigh(pair.rejected(), 1, 2 * row + 1));
        return unit;
    }

    /// Tokens of the longest pair.
    public int longest() {
        return pairs.stream()
                .mapToInt(p -> p.chosen().tokens() + p.rejected().tokens())
                .max()
                .orElse(0);
    }

    @Override
    public List<Example> examples() {
        return pairs.stream()
                .flatMap(pair -> List.of(pair.chosen(), pair.rejected()).stream())
                .toList();
    }
}
