package awl.task.pde;

import awl.task.Level;
import awl.task.kind.Draw;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Boundary;
import awl.tool.sim.Plate;
import awl.tool.sim.Profile;
import java.util.List;

/// Rectangular plates.
final class Plates {

    private static final int FINE = 120;

    private Plates() {}

    static List<Kind> kinds() {
        return List.of(sineMax(), patchValue(), patchMean());
    }

    private static Kind sineMax() {
        return Kind.number("plate_sine_max", Level.HARD, "C")
                .draws(Plates::sides)
                .asks(
                        "A plate of {width} cm by {height} cm, all edges held at 0 C, starts as {temperature}"
                                + " sin(pi x/W) sin(pi y/H); its diffusivity is {diffusivity} mm^2/s. What is its"
                                + " highest temperature after {time} s, in C?",
                        "Find the maximum temperature in C, {time} s after the start, of a {width} cm by {height} cm"
                                + " plate (edges at 0 C, diffusivity {diffusivity} mm^2/s) that begins as"
                                + " {temperature} sin(pi x/W) sin(pi y/H).",
                        "The initial temperature {temperature} sin(pi x/W) sin(pi y/H) of a plate ({width} cm wide,"
                                + " {height} cm high, {diffusivity} mm^2/s, edges at 0 C) decays. What is the largest"
                                + " value in C after {time} s?")
                .gold(v -> wave(v).exact(5 * v.at("width"), 5 * v.at("height"), v.at("time")))
                .check(v -> wave(v).after(v.at("time"), FINE, FINE).max())
                .within(0, 100)
                .atLeast(1)
                .calls(
                        "heat_plate",
                        "width",
                        "height",
                        "diffusivity",
                        "boundary:fixed",
                        "start:wave",
                        "temperature",
                        "time",
                        "quantity:max")
                .let(
                        "rate",
                        v -> v.at("diffusivity")
                                * (Math.pow(Math.PI / (10 * v.at("width")), 2)
                                        + Math.pow(Math.PI / (10 * v.at("height")), 2)))
                .solution("The form stays, and it decays with D ((pi/W)^2 + (pi/H)^2) = {rate} 1/s. The middle is the"
                        + " hottest: {temperature} e^(-{rate} * {time}) = {answer}.");
    }

    private static Kind patchValue() {
        return Kind.number("plate_middle", Level.HARD, "C")
                .draws(d -> sides(d).put("x", d.at("width") / 2).put("y", d.at("height") / 2))
                .asks(
                        "The middle half of each side of a plate ({width} cm by {height} cm, {diffusivity} mm^2/s)"
                                + " bounds a patch at {temperature} C; the rest and the edges are at 0 C, and the edges"
                                + " stay so. What is the temperature at the centre ({x} cm, {y} cm) after {time} s, in"
                                + " C?",
                        "Find the temperature in C at the centre ({x} cm, {y} cm) after {time} s of a plate {width} cm"
                                + " wide and {height} cm high with edges at 0 C and diffusivity {diffusivity} mm^2/s,"
                                + " if its central patch (the middle half each way) started at {temperature} C and the"
                                + " rest at 0 C.",
                        "Edges at 0 C, diffusivity {diffusivity} mm^2/s: the central half (each way) of a {width} cm by"
                                + " {height} cm plate starts at {temperature} C, the rest at 0 C. How warm in C is the"
                                + " point ({x} cm, {y} cm) after {time} s?")
                .gold(v -> patch(v, Boundary.FIXED).exact(10 * v.at("x"), 10 * v.at("y"), v.at("time")))
                .check(v ->
                        patch(v, Boundary.FIXED).after(v.at("time"), FINE, FINE).at(10 * v.at("x"), 10 * v.at("y")))
                .agreement(5e-3)
                .within(0, 100)
                .atLeast(1)
                .calls(
                        "heat_plate",
                        "width",
                        "height",
                        "diffusivity",
                        "boundary:fixed",
                        "start:patch",
                        "temperature",
                        "time",
                        "quantity:value",
                        "x",
                        "y")
                .solution("The start is a product of one patch along x and one along y, so the solution is the product"
                        + " of two series of decaying sines. At the centre that is {answer}.");
    }

    private static Kind patchMean() {
        return Kind.number("plate_mean", Level.HARD, "C")
                .draws(Plates::sides)
                .asks(
                        "A plate of {width} cm by {height} cm at {temperature} C (diffusivity {diffusivity} mm^2/s)"
                                + " gets all its edges cooled to 0 C. What is its mean temperature after {time} s, in"
                                + " C?",
                        "Find the mean temperature in C of a {width} cm by {height} cm plate, at {temperature} C until"
                                + " its edges were brought to 0 C, after {time} s (diffusivity {diffusivity} mm^2/s).",
                        "Edges at 0 C, diffusivity {diffusivity} mm^2/s: what mean temperature in C is left after"
                                + " {time} s in a plate {width} cm wide and {height} cm high that started at"
                                + " {temperature} C?")
                .gold(v -> even(v).exactMean(v.at("time")))
                .check(v -> even(v).after(v.at("time"), FINE, FINE).mean())
                .agreement(5e-3)
                .within(0, 100)
                .atLeast(1)
                .calls(
                        "heat_plate",
                        "width",
                        "height",
                        "diffusivity",
                        "boundary:fixed",
                        "start:even",
                        "temperature",
                        "time",
                        "quantity:mean")
                .solution("The solution is a product of one series along x and one along y. Each mean is the sum over"
                        + " odd n of 8/(n pi)^2 e^(-D (n pi/L)^2 t); their product times {temperature} is {answer}.");
    }

    private static Draw sides(Draw d) {
        d.whole("width", 6, 30).whole("height", 6, 30).among("diffusivity", 4, 12, 23, 34, 97, 111, 165);
        d.whole("temperature", 20, 100);
        double inverse = Math.pow(Math.PI / (10 * d.at("width")), 2) + Math.pow(Math.PI / (10 * d.at("height")), 2);
        double scale = 1 / inverse / d.at("diffusivity");
        return d.put("time", Math.max(1, Math.rint(scale * d.index(2, 14) / 10)));
    }

    private static Plate wave(Values v) {
        return plate(v, Boundary.FIXED, Profile.wave(v.at("temperature"), 1), Profile.wave(1, 1));
    }

    private static Plate patch(Values v, Boundary boundary) {
        double width = 10 * v.at("width");
        double height = 10 * v.at("height");
        return plate(
                v,
                boundary,
                Profile.patch(v.at("temperature"), width / 4, 3 * width / 4),
                Profile.patch(1, height / 4, 3 * height / 4));
    }

    private static Plate even(Values v) {
        return plate(v, Boundary.FIXED, Profile.even(v.at("temperature")), Profile.even(1));
    }

    private static Plate plate(Values v, Boundary boundary, Profile alongX, Profile alongY) {
        return new Plate(10 * v.at("width"), 10 * v.at("height"), v.at("diffusivity"), boundary, alongX, alongY);
    }
}
