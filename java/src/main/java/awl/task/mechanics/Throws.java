package awl.task.mechanics;

import awl.task.Level;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Bounce;
import awl.tool.sim.Fall;
import awl.tool.sim.Projectile;
import java.util.List;

/// Thrown, dropped and bouncing bodies.
final class Throws {

    private static final double LOOSE = 1e-7;
    private static final double ACCURATE = 1e-11;

    private Throws() {}

    static List<Kind> kinds() {
        return List.of(range(), dragRange(), dragHeight(), fall(), bounceTime(), bounceWay());
    }

    private static Kind range() {
        return Kind.number("projectile_range", Level.HARD, "m")
                .draws(d -> d.word("body", "ball", "stone", "arrow", "shell")
                        .decimal("speed", 6, 40, 1)
                        .whole("angle", 15, 75)
                        .decimal("height", 0.5, 30, 1))
                .asks(
                        "A {body} is thrown at {speed} m/s, {angle} degrees above the horizontal, from {height} m above"
                                + " flat ground (g = 9.81 m/s^2, no air). How far away does it land, in m?",
                        "Without air drag and with g = 9.81 m/s^2, how many metres away does a {body} land that starts"
                                + " at {speed} m/s and {angle} degrees from a height of {height} m?",
                        "From {height} m above level ground a {body} leaves at {speed} m/s and {angle} degrees. Find"
                                + " its horizontal range in m (g = 9.81 m/s^2).")
                .gold(v -> thrown(v, 0).exact().range())
                .check(v -> thrown(v, 0).fly(ACCURATE).range())
                .within(0, 1000)
                .calls("mechanics", "system:projectile", "speed", "angle", "height", "quantity:range")
                .let("vx", v -> v.at("speed") * Math.cos(Math.toRadians(v.at("angle"))))
                .let("vy", v -> v.at("speed") * Math.sin(Math.toRadians(v.at("angle"))))
                .let("duration", v -> thrown(v, 0).exact().duration())
                .solution("The velocity splits into {vx} m/s along and {vy} m/s upwards. The flight lasts"
                        + " (vy + sqrt(vy^2 + 2 g h)) / g = {duration} s. In that time it travels {vx} * {duration} ="
                        + " {answer}.");
    }

    private static Kind dragRange() {
        return drag("drag_range")
                .gold(v -> thrown(v, v.at("drag")).fly(LOOSE).range())
                .check(v -> thrown(v, v.at("drag")).fly(ACCURATE).range())
                .within(0, 1000)
                .asks(
                        "A {body} is thrown from the ground at {speed} m/s and {angle} degrees. Air slows it by {drag}"
                                + " v^2 (per metre; g = 9.81 m/s^2). How far away does it land, in m?",
                        "With quadratic drag of {drag} per metre and g = 9.81 m/s^2, find the range in m of a {body}"
                                + " launched at {speed} m/s, {angle} degrees above level ground.",
                        "How many metres does a {body} fly that leaves level ground at {speed} m/s and {angle} degrees,"
                                + " if drag decelerates it by {drag} times the speed squared (SI units,"
                                + " g = 9.81 m/s^2)?")
                .calls("mechanics", "system:projectile", "speed", "angle", "drag", "quantity:range")
                .let("free", v -> thrown(v, 0).exact().range())
                .solution("Without air it would fly v^2 sin(2a) / g = {free} m. Drag shortens the flight; integrating"
                        + " the two equations of motion step by step down to the ground gives {answer}.");
    }

    private static Kind dragHeight() {
        return drag("drag_height")
                .gold(v -> thrown(v, v.at("drag")).fly(LOOSE).top())
                .check(v -> thrown(v, v.at("drag")).fly(ACCURATE).top())
                .within(0, 500)
                .asks(
                        "How high, in m, does a {body} rise that leaves the ground at {speed} m/s and {angle} degrees,"
                                + " if air drag slows it by {drag} v^2 (per metre; g = 9.81 m/s^2)?",
                        "A {body} is launched at {speed} m/s, {angle} degrees above the horizontal, with quadratic drag"
                                + " {drag} per metre. Find its greatest height in m (g = 9.81 m/s^2).",
                        "Drag decelerates a {body} by {drag} times its speed squared. Launched at {speed} m/s and"
                                + " {angle} degrees, what height in m does it reach (g = 9.81 m/s^2)?")
                .calls("mechanics", "system:projectile", "speed", "angle", "drag", "quantity:max_height")
                .let("free", v -> thrown(v, 0).exact().top())
                .solution("Without air it would rise (v sin a)^2 / (2 g) = {free} m. Integrating with drag until the"
                        + " upward speed is gone gives {answer}.");
    }

    private static Kind drag(String name) {
        return Kind.number(name, Level.HARD, "m")
                .draws(d -> d.word("body", "ball", "shuttlecock", "stone", "disc")
                        .decimal("speed", 10, 50, 1)
                        .whole("angle", 20, 70)
                        .decimal("drag", 0.005, 0.06, 3));
    }

    private static Kind fall() {
        return Kind.number("drag_fall_speed", Level.HARD, "m/s")
                .draws(d -> d.word("body", "skydiver", "ball", "hailstone", "parcel")
                        .whole("height", 10, 300)
                        .decimal("drag", 0.003, 0.05, 3))
                .asks(
                        "A {body} falls from rest through {height} m of air; drag decelerates it by {drag} v^2 (per"
                                + " metre, g = 9.81 m/s^2). At what speed does it hit the ground, in m/s?",
                        "Find the impact speed in m/s of a {body} dropped from {height} m with quadratic drag {drag}"
                                + " per metre (g = 9.81 m/s^2).",
                        "With drag of {drag} times the speed squared and g = 9.81 m/s^2, how fast in m/s is a {body}"
                                + " after falling {height} m from rest?")
                .gold(v -> new Fall(v.at("height"), v.at("drag"), 9.81).exact().speed())
                .check(v -> new Fall(v.at("height"), v.at("drag"), 9.81)
                        .fall(ACCURATE)
                        .speed())
                .within(0, 100)
                .calls("mechanics", "system:fall", "height", "drag", "quantity:impact_speed")
                .let("terminal", v -> Math.sqrt(9.81 / v.at("drag")))
                .let("exponent", v -> 2 * v.at("drag") * v.at("height"))
                .solution("The terminal speed is sqrt(g / k) = {terminal} m/s, and v^2 = vt^2 (1 - e^(-2 k h)) with"
                        + " 2 k h = {exponent}, so v = {answer}.");
    }

    private static Kind bounceTime() {
        return bouncing("bouncing_time", "s")
                .gold(v -> ball(v).exact(v.whole("bounces")).time())
                .check(v -> ball(v).bounce(v.whole("bounces"), ACCURATE).time())
                .within(0, 200)
                .asks(
                        "A ball is dropped from {height} m and keeps {restitution} of its speed at every bounce"
                                + " (g = 9.81 m/s^2). After how many seconds does bounce number {bounces} happen?",
                        "With restitution {restitution} and g = 9.81 m/s^2, when does a ball dropped from {height} m"
                                + " hit the floor for bounce {bounces}, in s after the drop?",
                        "How long, in s, from the drop at {height} m until bounce number {bounces}, if the coefficient"
                                + " of restitution is {restitution} (g = 9.81 m/s^2)?")
                .calls("mechanics", "system:bouncing_ball", "height", "restitution", "bounces", "quantity:total_time")
                .let("first", v -> Math.sqrt(2 * v.at("height") / 9.81))
                .solution("The first fall takes t = sqrt(2 h / g) = {first} s, and each later hop takes 2 t e^n. Adding"
                        + " t + 2 t (e + e^2 + ...) up to bounce {bounces} gives {answer}.");
    }

    private static Kind bounceWay() {
        return bouncing("bouncing_distance", "m")
                .gold(v -> ball(v).exact(v.whole("bounces")).way())
                .check(v -> ball(v).bounce(v.whole("bounces"), ACCURATE).way())
                .within(0, 500)
                .asks(
                        "A ball dropped from {height} m bounces with restitution {restitution}. What total distance, in"
                                + " m, has it travelled when it hits the floor for bounce number {bounces}?",
                        "How many metres, up and down together, does a ball dropped from {height} m cover until bounce"
                                + " {bounces}, if every bounce leaves {restitution} of the speed?",
                        "Find the whole path in m of a ball from its drop at {height} m to bounce number {bounces}"
                                + " (restitution {restitution}).")
                .calls(
                        "mechanics",
                        "system:bouncing_ball",
                        "height",
                        "restitution",
                        "bounces",
                        "quantity:total_distance")
                .let("share", v -> v.at("restitution") * v.at("restitution"))
                .solution("Each bounce leaves e^2 = {share} of the height, and every hop goes up and down. Adding"
                        + " h + 2 h (e^2 + e^4 + ...) up to bounce {bounces} gives {answer}.");
    }

    private static Kind bouncing(String name, String unit) {
        return Kind.number(name, Level.HARD, unit)
                .draws(d -> d.decimal("height", 0.5, 10, 1)
                        .decimal("restitution", 0.5, 0.95, 2)
                        .whole("bounces", 2, 8));
    }

    private static Bounce ball(Values v) {
        return new Bounce(v.at("height"), v.at("restitution"), 9.81);
    }

    private static Projectile thrown(Values v, double drag) {
        double height = v.map().containsKey("height") ? v.at("height") : 0;
        return new Projectile(v.at("speed"), v.at("angle"), height, drag, 9.81);
    }
}
