package awl.task.mechanics;

import awl.task.Level;
import awl.task.kind.Kind;
import awl.task.kind.Values;
import awl.tool.sim.Collision;
import awl.tool.sim.Incline;
import awl.tool.sim.Pendulum;
import awl.tool.sim.Spring;
import java.util.List;

/// Slopes, collisions, springs and pendulums.
final class Machines {

    private static final double ACCURATE = 1e-11;

    private Machines() {}

    static List<Kind> kinds() {
        return List.of(slide(), loss(), position(), period(), speed());
    }

    private static Kind slide() {
        return Kind.number("incline_time", Level.HARD, "s")
                .draws(d -> d.word("body", "crate", "block", "sledge", "box")
                        .decimal("length", 1, 20, 1)
                        .whole("angle", 25, 65)
                        .decimal("friction", 0.05, 0.4, 2))
                .asks(
                        "A {body} slides from rest down a slope of {angle} degrees, {length} m long, with friction"
                                + " {friction} (g = 9.81 m/s^2). How long does it take, in s?",
                        "How many seconds does a {body} need for {length} m down a plane inclined at {angle} degrees if"
                                + " the coefficient of kinetic friction is {friction} (start at rest,"
                                + " g = 9.81 m/s^2)?",
                        "Find the time in s in which a {body}, starting at rest, covers {length} m on an incline of"
                                + " {angle} degrees with friction coefficient {friction} (g = 9.81 m/s^2).")
                .gold(v -> plane(v).exact().time())
                .check(v -> plane(v).slide(ACCURATE).time())
                .within(0, 100)
                .calls("mechanics", "system:incline", "length", "angle", "friction", "quantity:slide_time")
                .let("a", v -> plane(v).acceleration())
                .solution("The acceleration is g (sin a - mu cos a) = {a} m/s^2, and t = sqrt(2 L / a) = {answer}.");
    }

    private static Kind loss() {
        return Kind.number("collision_loss", Level.HARD, "J")
                .draws(d -> d.decimal("mass", 0.5, 9, 1)
                        .decimal("speed", 3, 15, 1)
                        .decimal("mass2", 0.5, 9, 1)
                        .decimal("speed2", -10, 2, 1)
                        .decimal("restitution", 0.1, 0.9, 2))
                .asks(
                        "A body of {mass} kg at {speed} m/s meets one of {mass2} kg at {speed2} m/s head-on; the"
                                + " coefficient of restitution is {restitution}. How much kinetic energy is lost, in"
                                + " J?",
                        "Find the kinetic energy in J lost in a collision with restitution {restitution} between"
                                + " {mass} kg moving at {speed} m/s and {mass2} kg moving at {speed2} m/s on one line.",
                        "Two carts, {mass} kg at {speed} m/s and {mass2} kg at {speed2} m/s, collide on a track with"
                                + " restitution {restitution}. How many joules turn into heat?")
                .gold(v -> hit(v).collide().lost())
                .check(v -> hit(v).byCentreOfMass().lost())
                .within(0, 1e5)
                .atLeast(0.1)
                .calls(
                        "mechanics",
                        "system:collision",
                        "mass",
                        "speed",
                        "mass2",
                        "speed2",
                        "restitution",
                        "quantity:energy_loss")
                .let("reduced", v -> v.at("mass") * v.at("mass2") / (v.at("mass") + v.at("mass2")))
                .let("approach", v -> v.at("speed") - v.at("speed2"))
                .solution("The reduced mass is {reduced} kg and the speed of approach {approach} m/s. The loss is"
                        + " 0.5 * {reduced} * {approach}^2 * (1 - {restitution}^2) = {answer}.");
    }

    private static Kind position() {
        return Kind.number("damped_position", Level.HARD, "m")
                .draws(d -> d.decimal("mass", 0.2, 3, 1)
                        .whole("stiffness", 5, 80)
                        .decimal("damping", 0.05, 0.8, 2)
                        .decimal("amplitude", 0.2, 2, 1)
                        .decimal("time", 0.5, 6, 1))
                .asks(
                        "A mass of {mass} kg on a spring of {stiffness} N/m with damping {damping} N s/m is pulled out"
                                + " by {amplitude} m and let go. Where is it after {time} s, in m from rest position?",
                        "Find the displacement in m at t = {time} s of a damped oscillator (m = {mass} kg,"
                                + " k = {stiffness} N/m, c = {damping} N s/m) released at rest from {amplitude} m.",
                        "An oscillator with spring constant {stiffness} N/m, mass {mass} kg and damping constant"
                                + " {damping} N s/m starts at rest at x = {amplitude} m. What is x in m after"
                                + " {time} s?")
                .gold(v -> spring(v).exactPosition(v.at("time")))
                .check(v -> spring(v).position(v.at("time"), ACCURATE))
                .within(-2, 2)
                .atLeast(0.02)
                .calls(
                        "mechanics",
                        "system:spring",
                        "mass",
                        "stiffness",
                        "damping",
                        "amplitude",
                        "time",
                        "quantity:position")
                .let("decay", v -> v.at("damping") / (2 * v.at("mass")))
                .let("omega", v -> 2 * Math.PI / spring(v).exactPeriod())
                .solution("The decay rate is c / (2 m) = {decay} 1/s and the frequency sqrt(k/m - decay^2) = {omega}"
                        + " rad/s. Then x = A e^(-decay t) (cos(w t) + decay/w sin(w t)) = {answer}.");
    }

    private static Kind period() {
        return swing("pendulum_period", "s")
                .gold(v -> pendulum(v).exactPeriod())
                .check(v -> pendulum(v).period(ACCURATE))
                .within(0, 100)
                .tolerance(0.02)
                .asks(
                        "A pendulum of {length} m is let go at {angle} degrees from the vertical (g = 9.81 m/s^2)."
                                + " What is its period in s? (The angle is not small.)",
                        "Find the period in s of a pendulum {length} m long that swings with an amplitude of {angle}"
                                + " degrees (g = 9.81 m/s^2), beyond the small-angle formula.",
                        "How many seconds does a full swing take for a pendulum of length {length} m released at rest"
                                + " at {angle} degrees (g = 9.81 m/s^2)?")
                .calls("mechanics", "system:pendulum", "length", "angle", "quantity:period")
                .let("small", v -> 2 * Math.PI * Math.sqrt(v.at("length") / 9.81))
                .let("factor", v -> pendulum(v).exactPeriod() / (2 * Math.PI * Math.sqrt(v.at("length") / 9.81)))
                .solution("For small angles the period is 2 pi sqrt(L / g) = {small} s. At {angle} degrees it is longer"
                        + " by 1 / agm(1, cos(angle / 2)) = {factor}, which gives {answer}.");
    }

    private static Kind speed() {
        return swing("pendulum_speed", "m/s")
                .gold(v -> pendulum(v).exactFastest())
                .check(v -> pendulum(v).fastest(ACCURATE))
                .within(0, 100)
                .asks(
                        "How fast, in m/s, is a pendulum of {length} m at its lowest point when it was let go at"
                                + " {angle} degrees (g = 9.81 m/s^2)?",
                        "A pendulum bob on a {length} m string is released at rest at {angle} degrees. Find its"
                                + " greatest speed in m/s (g = 9.81 m/s^2).",
                        "Released at {angle} degrees from the vertical, what speed in m/s does a pendulum of length"
                                + " {length} m reach at the bottom (g = 9.81 m/s^2)?")
                .calls("mechanics", "system:pendulum", "length", "angle", "quantity:max_speed")
                .let("drop", v -> v.at("length") * (1 - Math.cos(Math.toRadians(v.at("angle")))))
                .solution("The bob falls by L (1 - cos a) = {drop} m, and v = sqrt(2 g * {drop}) = {answer}.");
    }

    private static Kind swing(String name, String unit) {
        return Kind.number(name, Level.HARD, unit)
                .draws(d -> d.decimal("length", 0.2, 6, 2).whole("angle", 40, 165));
    }

    private static Incline plane(Values v) {
        return new Incline(v.at("length"), v.at("angle"), v.at("friction"), 9.81);
    }

    private static Collision hit(Values v) {
        return new Collision(v.at("mass"), v.at("speed"), v.at("mass2"), v.at("speed2"), v.at("restitution"));
    }

    private static Spring spring(Values v) {
        return new Spring(v.at("mass"), v.at("stiffness"), v.at("damping"), v.at("amplitude"));
    }

    private static Pendulum pendulum(Values v) {
        return new Pendulum(v.at("length"), v.at("angle"), 9.81);
    }
}
