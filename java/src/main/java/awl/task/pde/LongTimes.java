package awl.task.pde;

import awl.task.Level;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Boundary;
import awl.tool.sim.Profile;
import awl.tool.sim.Rod;
import java.util.List;

/// What follows from the maximum principle, the kept mean, or the straight line in the end.
final class LongTimes {

    private static final String[] RODS = {"rod", "thin rod", "metal bar", "straight bar", "long rod"};

    private LongTimes() {}

    static List<Kind> kinds() {
        return List.of(middle(), equalEnds(), insulatedMean(), hottest());
    }

    private static Kind middle() {
        return Kind.number("steady_middle", Level.EASY, "C")
                .draws(d -> d.word("rod", RODS)
                        .multiple("length", 2, 10, 40)
                        .multiple("left", 10, 0, 100)
                        .multiple("right", 10, 0, 100)
                        .among("diffusivity", 23, 97, 111)
                        .put("time", 100000)
                        .put("middle", d.at("length") / 2)
                        .put("zero", 0))
                .asks(
                        "The ends of a {rod} of {length} cm (diffusivity {diffusivity} mm^2/s) are held at {left} C and"
                                + " {right} C; it starts at {zero} C. What is the temperature at {middle} cm, the"
                                + " middle, after {time} s, a very long time, in C?",
                        "A {rod}, {length} cm long, diffusivity {diffusivity} mm^2/s, at {zero} C at first, has its"
                                + " left end at {left} C and its right end at {right} C. Find the temperature in C in"
                                + " the middle ({middle} cm) once it has settled ({time} s).",
                        "After {time} s a {rod} ({length} cm, diffusivity {diffusivity} mm^2/s, at {zero} C at first)"
                                + " has long settled between ends of {left} C and {right} C. How warm is it at"
                                + " {middle} cm, in C?")
                .gold(v -> (v.at("left") + v.at("right")) / 2)
                .check(v -> Rods.held(v, v.at("left"), v.at("right"), 0).exact(v.at("middle") * 10, v.at("time")))
                .tolerance(1e-3)
                .within(0, 100)
                .atLeast(1)
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "left",
                        "right",
                        "start:even",
                        "temperature=zero",
                        "time",
                        "quantity:value",
                        "x=middle")
                .solution("In the end the temperature is a straight line between the ends, and the middle has their"
                        + " mean: ({left} + {right}) / 2 = {answer}.");
    }

    private static Kind equalEnds() {
        return Kind.number("steady_equal", Level.EASY, "C")
                .draws(d -> d.word("rod", RODS)
                        .multiple("length", 5, 10, 40)
                        .whole("end", 5, 95)
                        .whole("start", 0, 20)
                        .among("diffusivity", 23, 97, 111)
                        .put("time", 100000)
                        .put("place", d.at("length") / 5))
                .asks(
                        "Both ends of a {rod} of {length} cm (diffusivity {diffusivity} mm^2/s) that starts at {start}"
                                + " C are held at {end} C. How warm is it at {place} cm after {time} s, a very long"
                                + " time, in C?",
                        "A {rod}, {length} cm long with diffusivity {diffusivity} mm^2/s, starts at {start} C; its ends"
                                + " are kept at {end} C. Find the temperature in C at {place} cm after {time} s, when"
                                + " it has settled.",
                        "What is the temperature in C, {place} cm from the end, of a {rod} ({length} cm,"
                                + " {diffusivity} mm^2/s, {start} C at first) with both ends at {end} C after the very"
                                + " long time of {time} s?")
                .gold(v -> v.at("end"))
                .check(v ->
                        Rods.held(v, v.at("end"), v.at("end"), v.at("start")).exact(v.at("place") * 10, v.at("time")))
                .tolerance(1e-3)
                .within(0, 100)
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "left=end",
                        "right=end",
                        "start:even",
                        "temperature=start",
                        "time",
                        "quantity:value",
                        "x=place")
                .solution("With both ends at the same temperature the whole rod comes to it: {answer}.");
    }

    private static Kind insulatedMean() {
        return Kind.number("insulated_mean", Level.EASY, "C")
                .draws(d -> d.word("rod", RODS)
                        .multiple("length", 4, 8, 40)
                        .multiple("temperature", 4, 8, 96)
                        .among("diffusivity", 23, 97, 111)
                        .whole("time", 1, 60)
                        .put("zero", 0)
                        .put("to", d.at("length") / 4))
                .asks(
                        "An insulated {rod} of {length} cm (diffusivity {diffusivity} mm^2/s) is at {temperature} C"
                                + " from {zero} to {to} cm and at 0 C elsewhere. What is its mean temperature after"
                                + " {time} s, in C?",
                        "A {rod}, {length} cm long and insulated all round (diffusivity {diffusivity} mm^2/s), starts"
                                + " at {temperature} C between {zero} and {to} cm and at 0 C in the rest. Find the mean"
                                + " temperature in C after {time} s.",
                        "What is the mean temperature in C, {time} s after the start, of an insulated {rod} ({length}"
                                + " cm, {diffusivity} mm^2/s) whose part from {zero} to {to} cm was at {temperature} C"
                                + " and whose rest was at 0 C?")
                .gold(v -> v.at("temperature") / 4)
                .check(v -> insulated(v).after(v.at("time")).mean())
                .tolerance(1e-3)
                .within(0, 100)
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:insulated",
                        "start:patch",
                        "temperature",
                        "from=zero",
                        "to",
                        "time",
                        "quantity:mean")
                .solution("No heat leaves, so the mean stays: a quarter of the rod at {temperature} C gives"
                        + " {temperature} / 4 = {answer}.");
    }

    private static Kind hottest() {
        return Kind.number("hottest_end", Level.EASY, "C")
                .draws(d -> d.word("rod", RODS)
                        .whole("length", 5, 40)
                        .whole("left", 50, 99)
                        .whole("right", 0, 30)
                        .whole("start", 0, 40)
                        .among("diffusivity", 23, 97, 111)
                        .whole("time", 5, 200))
                .asks(
                        "A {rod} of {length} cm (diffusivity {diffusivity} mm^2/s) starts at {start} C; its ends are"
                                + " held at {left} C and {right} C. What is the highest temperature anywhere in it"
                                + " (ends included) after {time} s, in C?",
                        "Find the maximum temperature in C, ends included, after {time} s in a {rod} ({length} cm,"
                                + " {diffusivity} mm^2/s) that was at {start} C when its ends were brought to {left} C"
                                + " and {right} C.",
                        "With ends at {left} C and {right} C and a start at {start} C, how hot in C is the hottest"
                                + " place (ends count) of a {rod} of {length} cm, diffusivity {diffusivity} mm^2/s,"
                                + " after {time} s?")
                .gold(v -> v.at("left"))
                .check(v -> Rods.held(v, v.at("left"), v.at("right"), v.at("start"))
                        .after(v.at("time"))
                        .max())
                .tolerance(1e-3)
                .within(0, 100)
                .calls(
                        "heat_rod",
                        "length",
                        "diffusivity",
                        "boundary:fixed",
                        "left",
                        "right",
                        "start:even",
                        "temperature=start",
                        "time",
                        "quantity:max")
                .solution("By the maximum principle nothing gets hotter than the hottest of start and ends, and the"
                        + " left end stays at its temperature: {answer}.");
    }

    private static Rod insulated(Values v) {
        return new Rod(
                v.at("length") * 10,
                v.at("diffusivity"),
                Boundary.INSULATED,
                0,
                0,
                Profile.patch(v.at("temperature"), 0, v.at("to") * 10));
    }
}
