package awl.tool.mujoco;

import awl.DataException;
import awl.chat.ToolSpec;
import awl.tool.Arguments;
import awl.tool.Numbers;
import awl.tool.Parameters;
import awl.tool.Systems;
import awl.tool.Tool;
import awl.tool.ToolResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Simulates coupled bodies with MuJoCo: a double pendulum, a pendulum on a cart, masses on springs. Needs libmujoco.
public final class MultibodyTool implements Tool {

    private static final double GRAVITY = 9.81;

    private static final Map<String, List<String>> NEEDS = Map.of(
            "double_pendulum", List.of("length", "length2", "mass", "mass2", "angle", "angle2"),
            "cart_pendulum", List.of("mass", "mass2", "length", "angle"),
            "coupled_springs", List.of("mass", "mass2", "stiffness", "stiffness2", "position", "position2"));

    private static final Map<String, List<String>> QUANTITIES = Map.of(
            "double_pendulum", List.of("angle", "angle2"),
            "cart_pendulum", List.of("position", "angle"),
            "coupled_springs", List.of("position", "position2"));

    private static final ToolSpec SPEC = ToolSpec.of(
            "multibody",
            "Simulates two coupled bodies from rest and returns one quantity at a time. SI units, angles in degrees.",
            new Parameters()
                    .choice(
                            "system",
                            "what moves",
                            NEEDS.keySet().stream().sorted().toList())
                    .required()
                    .number("length", "length of the (upper) pendulum in m", 0.01, 100)
                    .number("length2", "length of the lower pendulum in m", 0.01, 100)
                    .number("mass", "upper mass, cart, or mass nearer to the wall, in kg", 0.001, 1e4)
                    .number("mass2", "lower mass, pendulum on the cart, or outer mass, in kg", 0.001, 1e4)
                    .number("angle", "initial angle of the (upper) pendulum from the vertical, in degrees", -179, 179)
                    .number("angle2", "initial angle of the lower pendulum from the vertical, in degrees", -179, 179)
                    .number("stiffness", "spring between wall and first mass, in N/m", 0.001, 1e4)
                    .number("stiffness2", "spring between the masses, in N/m", 0.001, 1e4)
                    .number("position", "initial displacement of the first mass in m", -100, 100)
                    .number("position2", "initial displacement of the second mass in m", -100, 100)
                    .number("gravity", "in m/s^2 (9.81 if absent)", 0.1, 100)
                    .number("time", "time in s", 0, 20)
                    .required()
                    .choice("quantity", "what to return", List.of("angle", "angle2", "position", "position2"))
                    .required()
                    .schema());

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public String missing() {
        return Mujoco.missing();
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> arguments) {
        String system = Arguments.text(arguments, "system", "");
        String quantity = Arguments.text(arguments, "quantity", "");
        String problem = Systems.problem(
                system, NEEDS.getOrDefault(system, List.of()), QUANTITIES.getOrDefault(system, List.of()), arguments);
        if (problem != null) {
            return ToolResult.refused(problem);
        }
        try {
            double[] end = linkage(system, arguments).after(Arguments.number(arguments, "time", 0));
            return ToolResult.answered(
                    switch (quantity) {
                        case "angle" -> degrees(system.equals("cart_pendulum") ? end[1] : end[0]);
                        case "angle2" -> degrees(end[0] + end[1]);
                        case "position" -> Numbers.significant(end[0]) + " m";
                        default -> Numbers.significant(end[0] + end[1]) + " m";
                    });
        } catch (DataException e) {
            return ToolResult.refused(String.valueOf(e.getMessage()));
        }
    }

    private static Linkage linkage(String system, Map<String, @Nullable Object> given) {
        double gravity = Arguments.number(given, "gravity", GRAVITY);
        double mass = at(given, "mass");
        double mass2 = at(given, "mass2");
        return switch (system) {
            case "double_pendulum" ->
                Linkage.doublePendulum(
                        at(given, "length"),
                        at(given, "length2"),
                        mass,
                        mass2,
                        Math.toRadians(at(given, "angle")),
                        Math.toRadians(at(given, "angle2")),
                        gravity);
            case "cart_pendulum" ->
                Linkage.cart(mass, mass2, at(given, "length"), Math.toRadians(at(given, "angle")), gravity);
            default ->
                Linkage.springs(
                        mass,
                        mass2,
                        at(given, "stiffness"),
                        at(given, "stiffness2"),
                        at(given, "position"),
                        at(given, "position2"));
        };
    }

    private static String degrees(double radians) {
        return Numbers.significant(Math.toDegrees(radians)) + " degrees";
    }

    private static double at(Map<String, @Nullable Object> given, String name) {
        return Arguments.number(given, name, Double.NaN);
    }
}
