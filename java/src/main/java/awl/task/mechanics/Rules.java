package awl.task.mechanics;

import awl.task.Level;
import awl.task.kind.Kind;
import awl.tool.sim.Bounce;
import awl.tool.sim.Collision;
import java.util.List;

/// What follows from a rule and whole numbers.
final class Rules {

    private static final double ACCURATE = 1e-10;

    private Rules() {}

    static List<Kind> kinds() {
        return List.of(distance(), swap(), stick(), bounce(), longer());
    }

    private static Kind distance() {
        return Kind.number("distance", Level.EASY, "m")
                .draws(d -> d.word("mover", "cart", "boat", "runner", "cyclist", "sled", "tram")
                        .whole("speed", 2, 15)
                        .whole("time", 2, 20))
                .asks(
                        "A {mover} moves at a constant {speed} m/s. How many metres does it cover in {time} s?",
                        "How far, in m, does a {mover} get in {time} s at a steady speed of {speed} m/s?",
                        "For {time} s a {mover} keeps a speed of {speed} m/s. What distance does it cover, in m?")
                .gold(v -> v.at("speed") * v.at("time"))
                .check(v -> {
                    double way = 0;
                    for (int second = 0; second < v.whole("time"); second++) {
                        way += v.at("speed");
                    }
                    return way;
                })
                .tolerance(1e-4)
                .within(0, 1e4)
                .calls("calculator", "expression:{speed}*{time}")
                .solution("At constant speed the distance is speed times time: {speed} * {time} = {answer}.");
    }

    private static Kind swap() {
        return Kind.number("elastic_swap", Level.EASY, "m/s")
                .draws(d -> d.word("body", "ball", "glider", "puck", "marble")
                        .among("mass", 0.2, 0.5, 1, 2, 3, 5)
                        .whole("speed", 2, 20)
                        .whole("speed2", -12, 1)
                        .put("one", 1))
                .asks(
                        "A {body} of {mass} kg moving at {speed} m/s hits an equal {body} moving at {speed2} m/s on the"
                                + " same line, fully elastically (restitution {one}). What is the velocity of the"
                                + " second {body} afterwards, in m/s?",
                        "Two {body}s of {mass} kg each move on a line at {speed} m/s and {speed2} m/s and collide with"
                                + " restitution {one}. At what velocity, in m/s, does the second one move after the"
                                + " collision?",
                        "In a head-on collision with restitution {one}, a {body} ({mass} kg, {speed} m/s) meets another"
                                + " of the same mass at {speed2} m/s. Find the final velocity of the other in m/s.")
                .gold(v -> collision(v.at("mass"), v.at("speed"), v.at("speed2"), 1)
                        .collide()
                        .speed2())
                .check(v -> collision(v.at("mass"), v.at("speed"), v.at("speed2"), 1)
                        .byCentreOfMass()
                        .speed2())
                .tolerance(1e-4)
                .within(-100, 100)
                .calls(
                        "mechanics",
                        "system:collision",
                        "mass",
                        "speed",
                        "mass2=mass",
                        "speed2",
                        "restitution=one",
                        "quantity:final_speed2")
                .solution("Equal masses exchange their velocities in an elastic collision, so the second one leaves"
                        + " with {answer}.");
    }

    private static Kind stick() {
        return Kind.number("sticking", Level.EASY, "m/s")
                .draws(d -> d.word("body", "cart", "lump of clay", "railway car", "puck")
                        .whole("mass", 1, 9)
                        .multiple("speed", 2, 2, 30)
                        .put("zero", 0))
                .asks(
                        "A {body} of {mass} kg at {speed} m/s runs into another of {mass} kg that moves at {zero} m/s,"
                                + " and they stick together (restitution {zero}). What is their common speed in m/s?",
                        "Two equal bodies, each a {body} of {mass} kg, collide and stay together (restitution {zero})."
                                + " One came at {speed} m/s, the other at {zero} m/s. How fast do they move on, in"
                                + " m/s?",
                        "With restitution {zero}, a {body} ({mass} kg, {speed} m/s) hits one of the same mass moving at"
                                + " {zero} m/s. Find the speed of the pair in m/s.")
                .gold(v ->
                        collision(v.at("mass"), v.at("speed"), 0, 0).collide().speed1())
                .check(v -> collision(v.at("mass"), v.at("speed"), 0, 0)
                        .byCentreOfMass()
                        .speed2())
                .tolerance(1e-4)
                .within(0, 100)
                .calls(
                        "mechanics",
                        "system:collision",
                        "mass",
                        "speed",
                        "mass2=mass",
                        "speed2=zero",
                        "restitution=zero",
                        "quantity:final_speed")
                .solution("Momentum is kept and the mass has doubled, so the speed halves: {speed} / 2 = {answer}.");
    }

    private static Kind bounce() {
        return Kind.number("bounce_height", Level.EASY, "m")
                .draws(d -> d.word("ball", "rubber ball", "tennis ball", "steel ball", "ball")
                        .multiple("height", 4, 4, 80)
                        .among("restitution", 0.5)
                        .put("bounces", 1))
                .asks(
                        "A {ball} is dropped from {height} m; a bounce leaves {restitution} of its speed. How high does"
                                + " it rise after bounce number {bounces}, in m?",
                        "How high, in m, does a {ball} dropped from {height} m come after bounce {bounces}, if the"
                                + " coefficient of restitution is {restitution}?",
                        "With restitution {restitution}, a {ball} falls from {height} m. Find the height it reaches"
                                + " after {bounces} bounce, in m.")
                .gold(v -> new Bounce(v.at("height"), v.at("restitution"), 9.81)
                        .exact(v.whole("bounces"))
                        .top())
                .check(v -> new Bounce(v.at("height"), v.at("restitution"), 9.81)
                        .bounce(v.whole("bounces"), ACCURATE)
                        .top())
                .tolerance(1e-4)
                .within(0, 1000)
                .calls(
                        "mechanics",
                        "system:bouncing_ball",
                        "height",
                        "restitution",
                        "bounces",
                        "quantity:bounce_height")
                .solution("Height goes with the square of the speed, and half the speed leaves a quarter of the height:"
                        + " {height} / 4 = {answer}.");
    }

    private static Kind longer() {
        return Kind.choice("slower_pendulum", Level.EASY, "the first", "the second")
                .draws(d -> {
                    d.decimal("length", 0.2, 4, 1).decimal("length2", 0.2, 4, 1).among("angle", 5, 10, 20, 30);
                    if (d.at("length") == d.at("length2")) {
                        d.put("length2", d.at("length") + 1);
                    }
                })
                .asks(
                        "Two pendulums start at {angle} degrees. The first is {length} m long, the second {length2} m."
                                + " Which has the longer period?",
                        "Which swings more slowly when both start at {angle} degrees: a first pendulum of {length} m or"
                                + " a second of {length2} m?",
                        "A first pendulum has length {length} m, a second {length2} m; both are let go at {angle}"
                                + " degrees. Which takes longer for a swing?")
                .gold(v -> v.at("length") > v.at("length2") ? 0 : 1)
                .check(v -> pendulum(v.at("length"), v.at("angle")) > pendulum(v.at("length2"), v.at("angle")) ? 0 : 1)
                .calls("mechanics", "system:pendulum", "length", "angle", "quantity:period")
                .calls("mechanics", "system:pendulum", "length=length2", "angle", "quantity:period")
                .combines((seen, v) -> seen[0] > seen[1] ? 0 : 1, "Compare the two periods: {answer} is longer.")
                .solution("At the same angle the period grows with the square root of the length, so the longer one is"
                        + " slower: {answer}.");
    }

    private static double pendulum(double length, double angle) {
        return new awl.tool.sim.Pendulum(length, angle, 9.81).period(ACCURATE);
    }

    private static Collision collision(double mass, double speed, double speed2, double restitution) {
        return new Collision(mass, speed, mass, speed2, restitution);
    }
}
