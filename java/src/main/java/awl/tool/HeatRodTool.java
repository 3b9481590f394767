package awl.tool;

import awl.chat.ToolSpec;
import awl.tool.sim.Boundary;
import awl.tool.sim.Field;
import awl.tool.sim.Profile;
import awl.tool.sim.Rod;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Heat along a rod or ring: Crank-Nicolson on finite volumes. Centimetres, mm^2/s, seconds, degrees Celsius.
public final class HeatRodTool implements Tool {

    private static final ToolSpec SPEC = ToolSpec.of(
            "heat_rod",
            "Solves 1-D heat diffusion in a rod and returns a temperature in degrees C.",
            new Parameters()
                    .number("length", "in cm", 0.1, 10000)
                    .required()
                    .number("diffusivity", "in mm^2/s", 0.001, 10000)
                    .required()
                    .choice("boundary", "of both ends; periodic is a ring", List.of("fixed", "insulated", "periodic"))
                    .required()
                    .number("left", "temperature of the left end, if fixed (0 if absent)", -10000, 10000)
                    .number("right", "temperature of the right end, if fixed (0 if absent)", -10000, 10000)
                    .choice(
                            "start",
                            "initial temperature: a sine or cosine wave, a hot patch, or even",
                            List.of("wave", "patch", "even"))
                    .required()
                    .number("temperature", "of the start: amplitude or height", -10000, 10000)
                    .required()
                    .integer("mode", "number of half waves (1 if absent)", 1, 20)
                    .number("from", "start of the patch in cm", 0, 10000)
                    .number("to", "end of the patch in cm", 0, 10000)
                    .number("time", "in s", 0, 1e9)
                    .required()
                    .choice("quantity", "what to return", List.of("value", "max", "min", "mean"))
                    .required()
                    .number("x", "place of the value in cm", 0, 10000)
                    .schema());

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> given) {
        double length = Arguments.number(given, "length", 0) * 10;
        double x = Arguments.number(given, "x", -1) * 10;
        String quantity = Arguments.text(given, "quantity", "");
        if (quantity.equals("value") && (x < 0 || x > length)) {
            return ToolResult.refused("quantity 'value' needs 'x' between 0 and the length");
        }
        Profile start = profile(given, length);
        if (start == null) {
            return ToolResult.refused("a patch needs 'from' and 'to' with from < to, both within the length");
        }
        Boundary boundary =
                Boundary.valueOf(Arguments.text(given, "boundary", "").toUpperCase(Locale.ROOT));
        Field field = new Rod(
                        length,
                        Arguments.number(given, "diffusivity", 0),
                        boundary,
                        Arguments.number(given, "left", 0),
                        Arguments.number(given, "right", 0),
                        start)
                .after(Arguments.number(given, "time", 0));
        double value = switch (quantity) {
            case "max" -> field.max();
            case "min" -> field.min();
            case "mean" -> field.mean();
            default -> field.at(x);
        };
        return ToolResult.answered(Numbers.significant(value) + " C");
    }

    private static @Nullable Profile profile(Map<String, @Nullable Object> given, double length) {
        double size = Arguments.number(given, "temperature", 0);
        double from = Arguments.number(given, "from", -1) * 10;
        double to = Arguments.number(given, "to", -1) * 10;
        return switch (Arguments.text(given, "start", "")) {
            case "wave" -> Profile.wave(size, (int) Arguments.number(given, "mode", 1));
            case "even" -> Profile.even(size);
            default -> from >= 0 && from < to && to <= length ? Profile.patch(size, from, to) : null;
        };
    }
}
