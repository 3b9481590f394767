package awl.task;

import awl.ConfigException;
import awl.data.Nearest;
import awl.task.climate.ClimateSet;
import awl.task.epidemiology.Epidemiology;
import awl.task.mechanics.Mechanics;
import awl.task.pde.Pde;
import java.util.List;

/// The sets that make their own questions.
public final class ProblemSets {

    /// Every generated set.
    public static final List<ProblemSet> ALL =
            List.of(Mechanics.set(), Pde.set(), Epidemiology.set(), ClimateSet.set());

    private ProblemSets() {}

    /// @throws ConfigException where there is none of that name
    public static ProblemSet named(String name) {
        List<String> names = ALL.stream().map(ProblemSet::name).toList();
        return ALL.stream()
                .filter(set -> set.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new ConfigException("there is no problem set '%s'; meant '%s'? There are: %s"
                        .formatted(name, Nearest.of(name, names), String.join(", ", names))));
    }
}
