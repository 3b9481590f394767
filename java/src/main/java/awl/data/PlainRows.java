package awl.data;

import java.util.ArrayList;
import java.util.List;

/// Rows of one kind: every row once an epoch, each step a weighted mean over its own rows ([Weighting]).
public final class PlainRows implements StepRows {

    private final List<Example> examples;
    private final Weighting weighting;
    private final RowOrder order;

    public PlainRows(List<Example> examples, Weighting weighting, RowOrder order) {
        this.examples = List.copyOf(examples);
        this.weighting = weighting;
        this.order = order;
    }

    @Override
    public int size() {
        return examples.size();
    }

    @Override
    public int[] order(long epoch) {
        return order.of(examples.size(), epoch);
    }

    @Override
    public StepContent content(int[] rows, long stepsPerEpoch) {
        List<Example> step = new ArrayList<>(rows.length);
        for (int row : rows) {
            step.add(examples.get(row));
        }
        Weighting.Weighted weighted = weighting.apply(step);
        return StepContent.plain(weighted.documents(), weighted.normaliser(), step);
    }

    @Override
    public List<Example> examples() {
        return examples;
    }
}
