package awl.tool;

import awl.chat.ToolSpec;
import awl.tool.sim.Boundary;
import awl.tool.sim.Plate;
import awl.tool.sim.Profile;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Heat in a rectangular plate: alternating directions. Centimetres, mm^2/s, seconds, degrees Celsius.
public final class HeatPlateTool implements Tool {

    private static final ToolSpec SPEC = ToolSpec.of(
            "heat_plate",
            "Solves 2-D heat diffusion in a rectangular plate and returns a temperature in degrees C.",
            new Parameters()
                    .number("width", "in cm", 0.1, 10000)
                    .required()
                    .number("height", "in cm", 0.1, 10000)
                    .required()
                    .number("diffusivity", "in mm^2/s", 0.001, 10000)
                    .required()
                    .choice("boundary", "of all edges; fixed means held at 0", List.of("fixed", "insulated"))
                    .required()
                    .choice(
                            "start",
                            "initial temperature: one sine or cosine half wave each way, the middle half of"
                                    + " each side hot, or even",
                            List.of("wave", "patch", "even"))
                    .required()
                    .number("temperature", "of the start", -10000, 10000)
                    .required()
                    .number("time", "in s", 0, 1e9)
                    .required()
                    .choice("quantity", "what to return", List.of("value", "max", "mean"))
                    .required()
                    .number("x", "place of the value in cm", 0, 10000)
                    .number("y", "place of the value in cm", 0, 10000)
                    .schema());

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> given) {
        double width = Arguments.number(given, "width", 0) * 10;
        double height = Arguments.number(given, "height", 0) * 10;
        double x = Arguments.number(given, "x", -1) * 10;
        double y = Arguments.number(given, "y", -1) * 10;
        String quantity = Arguments.text(given, "quantity", "");
        if (quantity.equals("value") && (x < 0 || x > width || y < 0 || y > height)) {
            return ToolResult.refused("quantity 'value' needs 'x' within the width and 'y' within the height");
        }
        double size = Arguments.number(given, "temperature", 0);
        String start = Arguments.text(given, "start", "");
        Plate.Sheet sheet = new Plate(
                        width,
                        height,
                        Arguments.number(given, "diffusivity", 0),
                        Boundary.valueOf(Arguments.text(given, "boundary", "").toUpperCase(Locale.ROOT)),
                        across(start, size, width),
                        across(start, 1, height))
                .after(Arguments.number(given, "time", 0));
        double value = switch (quantity) {
            case "max" -> sheet.max();
            case "mean" -> sheet.mean();
            default -> sheet.at(x, y);
        };
        return ToolResult.answered(Numbers.significant(value) + " C");
    }

    private static Profile across(String start, double size, double side) {
        return switch (start) {
            case "wave" -> Profile.wave(size, 1);
            case "even" -> Profile.even(size);
            default -> Profile.patch(size, side / 4, 3 * side / 4);
        };
    }
}
