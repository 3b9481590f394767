package awl.task.climate;

import awl.task.ProblemSet;
import awl.task.kind.GeneratedSet;
import awl.tool.Calculator;
import awl.tool.ClimateTool;
import java.util.List;
import java.util.stream.Stream;

/// The climate set.
public final class ClimateSet {

    private ClimateSet() {}

    public static ProblemSet set() {
        return new GeneratedSet(
                "climate",
                List.of(new ClimateTool(), new Calculator()),
                Stream.of(Budgets.kinds(), Pathways.kinds())
                        .flatMap(List::stream)
                        .toList(),
                List.of(new Plan()));
    }
}
