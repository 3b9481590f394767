package awl.task.pde;

import awl.task.Level;
import awl.task.kind.Draw;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Boundary;
import awl.tool.sim.Profile;
import awl.tool.sim.Rod;
import java.util.List;
import java.util.function.Function;

/// Temperatures along rods and rings on the way.
final class Rods {

    private static final int FINE = 400;

    private Rods() {}

    static List<Kind> kinds() {
        return List.of(sine(), patch(), ends(), mean(), insulated(), ring());
    }

    private static Kind sine() {
        return value("sine_mode", Rods::sineRod)
                .draws(d -> common(d).whole("mode", 1, 3))
                .asks(
                        "A rod of {length} cm with both ends held at 0 C starts with {temperature} sin({mode} pi x/L)"
                                + " degrees; its diffusivity is {diffusivity} mm^2/s. What is the temperature at {x}"
                                + " cm after {time} s, in C?",
                        "Find the temperature in C at x = {x} cm and t = {time} s in a rod of {length} cm (ends at 0 C,"
                                + " diffusivity {diffusivity} mm^2/s) that starts as {temperature} sin({mode} pi x/L).",
                        "With diffusivity {diffusivity} mm^2/s and ends at 0 C, the initial temperature {temperature}"
                                + " sin({mode} pi x/L) of a {length} cm rod decays. How warm is it in C at {x} cm after"
                                + " {time} s?")
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "start:wave",
                        "temperature",
                        "mode",
                        "time",
                        "quantity:value",
                        "x")
                .let("rate", v -> v.at("diffusivity") * Math.pow(v.at("mode") * Math.PI / (10 * v.at("length")), 2))
                .let("wave", v -> Math.sin(v.at("mode") * Math.PI * v.at("x") / v.at("length")))
                .solution("A sine between ends at 0 keeps its form and decays with D (n pi / L)^2 = {rate} 1/s. At the"
                        + " place asked for the sine is {wave}, so the temperature is {temperature} * {wave} *"
                        + " e^(-{rate} * {time}) = {answer}.");
    }

    private static Kind patch() {
        return value("hot_patch", v -> patchRod(v, Boundary.FIXED))
                .draws(Rods::patched)
                .asks(
                        "A rod of {length} cm (diffusivity {diffusivity} mm^2/s, ends held at 0 C) is at {temperature}"
                                + " C between {from} cm and {to} cm and at 0 C elsewhere. What is the temperature at"
                                + " {x} cm after {time} s, in C?",
                        "Find the temperature in C at {x} cm, {time} s after a stretch from {from} to {to} cm of a"
                                + " {length} cm rod was heated to {temperature} C; the rest and both ends are at 0 C,"
                                + " the ends stay so, and the diffusivity is {diffusivity} mm^2/s.",
                        "Ends at 0 C, length {length} cm, diffusivity {diffusivity} mm^2/s: a rod starts at"
                                + " {temperature} C from {from} to {to} cm and 0 C outside. How warm is it in C at {x}"
                                + " cm after {time} s?")
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "start:patch",
                        "temperature",
                        "from",
                        "to",
                        "time",
                        "quantity:value",
                        "x")
                .solution("Expand the start in sines, b_n = 2 T/(n pi) (cos(n pi a/L) - cos(n pi b/L)), let each decay"
                        + " by e^(-D (n pi/L)^2 t) and add them up at the place asked for: {answer}.");
    }

    private static Kind ends() {
        return value("two_ends", Rods::endsRod)
                .draws(d -> common(d).whole("left", 0, 100).whole("right", 0, 100))
                .asks(
                        "A rod of {length} cm at {temperature} C (diffusivity {diffusivity} mm^2/s) has its ends"
                                + " suddenly held at {left} C and {right} C. What is the temperature {x} cm from the"
                                + " left end after {time} s, in C?",
                        "Find the temperature in C at {x} cm from the left, {time} s after the ends of a rod ({length}"
                                + " cm, {diffusivity} mm^2/s, {temperature} C throughout) were brought to {left} C on"
                                + " the left and {right} C on the right.",
                        "Left end {left} C, right end {right} C, start {temperature} C, diffusivity {diffusivity}"
                                + " mm^2/s: how warm in C is a {length} cm rod at {x} cm after {time} s?")
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "left",
                        "right",
                        "start:even",
                        "temperature",
                        "time",
                        "quantity:value",
                        "x")
                .let("line", v -> v.at("left") + (v.at("right") - v.at("left")) * v.at("x") / v.at("length"))
                .solution("In the end there is a straight line, {line} C at the place asked for. What is left of the"
                        + " start is a sum of sines that decay by e^(-D (n pi/L)^2 t); with it the temperature is"
                        + " {answer}.");
    }

    private static Kind mean() {
        return Kind.number("cooling_mean", Level.HARD, "C")
                .draws(Rods::body)
                .asks(
                        "A rod of {length} cm at {temperature} C (diffusivity {diffusivity} mm^2/s) has both ends put"
                                + " in ice at 0 C. What is its mean temperature after {time} s, in C?",
                        "Find the mean temperature in C of a rod ({length} cm, diffusivity {diffusivity} mm^2/s)"
                                + " {time} s after the ends of the rod, until then at {temperature} C, were"
                                + " brought to 0 C.",
                        "With both ends at 0 C and {temperature} C at the start, what is the mean temperature in C of a"
                                + " {length} cm rod (diffusivity {diffusivity} mm^2/s) after {time}"
                                + " s?")
                .gold(v -> cooling(v).exactMean(v.at("time")))
                .check(v -> cooling(v).after(v.at("time"), FINE, FINE).mean())
                .within(0, 100)
                .atLeast(1)
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "start:even",
                        "temperature",
                        "time",
                        "quantity:mean")
                .let("rate", v -> v.at("diffusivity") * Math.pow(Math.PI / (10 * v.at("length")), 2))
                .solution(
                        "The mean is the sum over odd n of 8 T/(n pi)^2 e^(-n^2 r t) with r = D (pi/L)^2 = {rate} 1/s,"
                                + " which gives {answer}.");
    }

    private static Kind insulated() {
        return value("insulated_patch", v -> patchRod(v, Boundary.INSULATED))
                .draws(Rods::patched)
                .asks(
                        "An insulated rod of {length} cm (diffusivity {diffusivity} mm^2/s) is at {temperature} C"
                                + " between {from} cm and {to} cm and at 0 C elsewhere. What is the temperature at {x}"
                                + " cm after {time} s, in C?",
                        "Find the temperature in C at {x} cm after {time} s in a rod with insulated ends ({length} cm,"
                                + " {diffusivity} mm^2/s) that starts at {temperature} C from {from} to {to} cm and at"
                                + " 0 C outside.",
                        "No heat leaves a rod of {length} cm with diffusivity {diffusivity} mm^2/s. From {from} to {to}"
                                + " cm it starts at {temperature} C, elsewhere at 0 C. How warm is it in C at {x} cm"
                                + " after {time} s?")
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:insulated",
                        "start:patch",
                        "temperature",
                        "from",
                        "to",
                        "time",
                        "quantity:value",
                        "x")
                .let("mean", v -> v.at("temperature") * (v.at("to") - v.at("from")) / v.at("length"))
                .solution("The mean {mean} C stays; cosines with the coefficients of the patch decay about it by"
                        + " e^(-D (n pi/L)^2 t). Added up at the place asked for they give {answer}.");
    }

    private static Kind ring() {
        return value("ring_patch", v -> patchRod(v, Boundary.PERIODIC))
                .draws(Rods::patched)
                .asks(
                        "A closed ring of {length} cm (diffusivity {diffusivity} mm^2/s) is at {temperature} C between"
                                + " {from} cm and {to} cm and at 0 C elsewhere. What is the temperature at {x} cm after"
                                + " {time} s, in C?",
                        "Find the temperature in C at {x} cm along a wire ring of circumference {length} cm after"
                                + " {time} s, if the arc from {from} to {to} cm started at {temperature} C, the rest at"
                                + " 0 C, and the diffusivity is {diffusivity} mm^2/s.",
                        "The arc from {from} to {to} cm of a ring ({length} cm round, {diffusivity} mm^2/s) is heated"
                                + " to {temperature} C, the rest is at 0 C. How warm in C is the place {x} cm after"
                                + " {time} s?")
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:periodic",
                        "start:patch",
                        "temperature",
                        "from",
                        "to",
                        "time",
                        "quantity:value",
                        "x")
                .let("mean", v -> v.at("temperature") * (v.at("to") - v.at("from")) / v.at("length"))
                .solution("On a ring the mean {mean} C stays, and waves that fit the ring decay about it by"
                        + " e^(-D (2 n pi/L)^2 t). Added up at the place asked for they give {answer}.");
    }

    /// A temperature at a place: by the series, checked on a fine grid.
    private static Kind value(String name, Function<Values, Rod> rod) {
        return Kind.number(name, Level.HARD, "C")
                .gold(v -> rod.apply(v).exact(v.at("x") * 10, v.at("time")))
                .check(v -> rod.apply(v).after(v.at("time"), FINE, FINE).at(v.at("x") * 10))
                .within(-100, 100)
                .atLeast(1);
    }

    /// A body, a place, and a time on the scale on which the longest wave decays.
    private static Draw common(Draw d) {
        return body(d).put("x", Draw.rounded(d.at("length") * d.index(1, 9) / 10, 1));
    }

    private static Draw body(Draw d) {
        d.whole("length", 8, 40).among("diffusivity", 4, 12, 23, 34, 97, 111, 165);
        d.whole("temperature", 20, 100);
        double scale = Math.pow(10 * d.at("length") / Math.PI, 2) / d.at("diffusivity");
        return d.put("time", Math.max(1, Math.rint(scale * d.index(2, 16) / 10)));
    }

    private static void patched(Draw d) {
        common(d);
        int length = (int) d.at("length");
        int from = d.index(1, length / 2);
        d.put("from", from).put("to", from + d.index(2, length / 2 - 1));
    }

    private static Rod sineRod(Values v) {
        return rod(v, Boundary.FIXED, Profile.wave(v.at("temperature"), v.whole("mode")));
    }

    private static Rod patchRod(Values v, Boundary boundary) {
        return rod(v, boundary, Profile.patch(v.at("temperature"), v.at("from") * 10, v.at("to") * 10));
    }

    private static Rod endsRod(Values v) {
        return held(v, v.at("left"), v.at("right"), v.at("temperature"));
    }

    /// Its ends held at `left` and `right`, all of it at `start` at first.
    static Rod held(Values v, double left, double right, double start) {
        return new Rod(v.at("length") * 10, v.at("diffusivity"), Boundary.FIXED, left, right, Profile.even(start));
    }

    private static Rod cooling(Values v) {
        return rod(v, Boundary.FIXED, Profile.even(v.at("temperature")));
    }

    private static Rod rod(Values v, Boundary boundary, Profile start) {
        return new Rod(v.at("length") * 10, v.at("diffusivity"), boundary, 0, 0, start);
    }
}
