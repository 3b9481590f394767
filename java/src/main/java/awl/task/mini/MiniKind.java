package awl.task.mini;

import java.util.List;

/// What is asked. The answer to an easy kind follows from a rule or a small table that a small model can learn by
/// heart; that to a hard one has to be computed.
public enum MiniKind {
    DISTANCE("mechanics", "simulate", false),
    COLLISION("mechanics", "simulate", false),
    RANGE("mechanics", "simulate", true),
    PENDULUM("mechanics", "simulate", true),
    EQUAL("diffusion", "diffuse", false),
    MEAN("diffusion", "diffuse", false),
    HEAT("diffusion", "diffuse", true),
    GROWS("epidemiology", "seir", false),
    RATES("epidemiology", "seir", false),
    PEAK("epidemiology", "seir", true),
    DAY("epidemiology", "seir", true),
    PATHWAY("climate", "climate", false),
    WARMING("climate", "climate", true);

    /// Every kind, in order.
    public static final List<MiniKind> ALL = List.of(values());

    private final String set;
    private final String tool;
    private final boolean hard;

    MiniKind(String set, String tool, boolean hard) {
        this.set = set;
        this.tool = tool;
        this.hard = hard;
    }

    /// The science it belongs to.
    public String set() {
        return set;
    }

    /// Name of the tool that answers it.
    public String tool() {
        return tool;
    }

    /// Whether it needs the tool.
    public boolean hard() {
        return hard;
    }

    /// Name in files and tables.
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
