package awl.task.mechanics;

import awl.task.ProblemSet;
import awl.task.kind.GeneratedSet;
import awl.tool.Calculator;
import awl.tool.MechanicsTool;
import java.util.List;
import java.util.stream.Stream;

/// The mechanics set.
public final class Mechanics {

    private Mechanics() {}

    public static ProblemSet set() {
        return new GeneratedSet(
                "mechanics",
                List.of(new MechanicsTool(), new Calculator()),
                Stream.of(Rules.kinds(), Throws.kinds(), Machines.kinds())
                        .flatMap(List::stream)
                        .toList());
    }
}
