package awl.task.epidemiology;

import awl.task.ProblemSet;
import awl.task.kind.GeneratedSet;
import awl.tool.Calculator;
import awl.tool.EpidemicTool;
import java.util.List;
import java.util.stream.Stream;

/// The epidemiology set.
public final class Epidemiology {

    private Epidemiology() {}

    public static ProblemSet set() {
        return new GeneratedSet(
                "epidemiology",
                List.of(new EpidemicTool(), new Calculator()),
                Stream.of(Rates.kinds(), Courses.kinds()).flatMap(List::stream).toList(),
                List.of(new Budget()));
    }
}
