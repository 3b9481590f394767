package awl.task.mini;

import awl.chat.ToolSpec;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The tools of the mini problem set. A call that cannot be run is answered with `error`, which the model reads like
/// any
/// other result.
public final class MiniTools {

    /// What a call that cannot be run is answered with.
    public static final String ERROR = "error";

    /// The tools as a model is told of them.
    public static final List<ToolSpec> SPECS = List.of(
            spec("simulate", "motion of bodies", "uniform", "collision", "range", "pendulum"),
            spec("diffuse", "heat in a rod", "steady", "value"),
            spec("seir", "epidemics", "grows", "rates", "peak", "day"),
            spec("climate", "emissions to warming", "compare", "warming"));

    private MiniTools() {}

    private static ToolSpec spec(String name, String description, String... kinds) {
        return ToolSpec.of(
                name,
                description,
                Map.of(
                        "type", "object",
                        "properties", Map.of("kind", Map.of("type", "string", "enum", List.of(kinds))),
                        "required", List.of("kind")));
    }

    /// Runs a call.
    ///
    /// @return the result as text, or [#ERROR]
    public static String run(String name, Map<String, ? extends @Nullable Object> arguments) {
        try {
            Arguments given = new Arguments(arguments);
            return switch (name + "/" + arguments.get("kind")) {
                case "simulate/uniform" -> text(given.of("v") * given.of("t"), 0);
                case "simulate/collision" -> text(given.of("w"), 0); // equal masses swap their speeds
                case "simulate/range" -> text(MiniSimulators.range(given.of("v"), given.of("angle")), 1);
                case "simulate/pendulum" -> text(MiniSimulators.pendulum(given.of("length"), given.of("angle")), 2);
                case "diffuse/steady" -> text((given.of("left") + given.of("right")) / 2, 0);
                case "diffuse/value" ->
                    text(MiniSimulators.sineMode(given.of("amp"), given.of("D"), given.of("x"), given.of("t")), 2);
                case "seir/grows" -> given.of("R") > 1 ? "yes" : "no";
                case "seir/rates" -> given.of("beta") > given.of("gamma") ? "yes" : "no";
                case "seir/peak" -> text(100 * epidemic(given).peak(), 1);
                case "seir/day" -> text(epidemic(given).day(), 0);
                case "climate/compare" -> given.of("a") > given.of("b") ? "A" : "B";
                case "climate/warming" ->
                    text(MiniSimulators.warming(given.of("e"), given.of("g"), (int) given.of("year")), 2);
                default -> ERROR;
            };
        } catch (IllegalArgumentException e) {
            return ERROR;
        }
    }

    private static MiniSimulators.Epidemic epidemic(Arguments given) {
        return MiniSimulators.seir(given.of("R"), given.of("latent"), given.of("infectious"));
    }

    private static String text(double value, int decimals) {
        if (!Double.isFinite(value) || Math.abs(value) > 1e6) {
            throw new IllegalArgumentException("out of range");
        }
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private record Arguments(Map<String, ? extends @Nullable Object> values) {
        double of(String name) {
            if (values.get(name) instanceof Number number && Double.isFinite(number.doubleValue())) {
                return number.doubleValue();
            }
            throw new IllegalArgumentException(name);
        }
    }
}
