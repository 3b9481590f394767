package awl.tool;

import awl.DataException;
import awl.chat.ToolSpec;
import awl.tool.sim.Bounce;
import awl.tool.sim.Collision;
import awl.tool.sim.Fall;
import awl.tool.sim.Incline;
import awl.tool.sim.Pendulum;
import awl.tool.sim.Projectile;
import awl.tool.sim.Spring;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Simulates bodies in motion: projectiles with air drag, slides, collisions, springs, pendulums, bouncing
/// balls, falls.
public final class MechanicsTool implements Tool {

    private static final double TOLERANCE = 1e-9;
    private static final double GRAVITY = 9.81;

    /// What a system can be asked, and what it must be told.
    private record System(List<String> needs, Map<String, String> quantities) {}

    private static final Map<String, System> SYSTEMS = systems();

    private static final ToolSpec SPEC = ToolSpec.of(
            "mechanics",
            "Simulates a mechanical system and returns one quantity. SI units, angles in degrees.",
            new Parameters()
                    .choice("system", "what moves", List.copyOf(SYSTEMS.keySet()))
                    .required()
                    .number("speed", "initial speed in m/s; of the first body in a collision", -1000, 1000)
                    .number("angle", "launch angle, slope, or initial angle of a pendulum, in degrees", -90, 179)
                    .number("height", "initial height in m", 0, 10000)
                    .number("drag", "quadratic air drag per mass in 1/m (0 if absent)", 0, 10)
                    .number("length", "length of a slide or a pendulum in m", 0.001, 10000)
                    .number("friction", "coefficient of friction", 0, 2)
                    .number("mass", "mass in kg; of the first body in a collision", 0.001, 1e6)
                    .number("mass2", "mass of the second body in kg", 0.001, 1e6)
                    .number("speed2", "speed of the second body in m/s", -1000, 1000)
                    .number("restitution", "coefficient of restitution", 0, 1)
                    .number("stiffness", "spring constant in N/m", 0.001, 1e6)
                    .number("damping", "damping constant in N s/m (0 if absent)", 0, 1e4)
                    .number("amplitude", "initial displacement in m", 0.0001, 1000)
                    .number("time", "time in s", 0, 1000)
                    .integer("bounces", "number of bounces", 1, 50)
                    .number("gravity", "in m/s^2 (9.81 if absent)", 0.1, 100)
                    .choice("quantity", "what to return", List.copyOf(quantities()))
                    .required()
                    .schema());

    private static Map<String, System> systems() {
        Map<String, System> systems = new LinkedHashMap<>();
        systems.put(
                "projectile",
                new System(
                        List.of("speed", "angle"),
                        Map.of("range", "m", "max_height", "m", "flight_time", "s", "impact_speed", "m/s")));
        systems.put(
                "incline",
                new System(
                        List.of("length", "angle", "friction"),
                        Map.of("slide_time", "s", "final_speed", "m/s", "acceleration", "m/s^2")));
        systems.put(
                "collision",
                new System(
                        List.of("mass", "speed", "mass2", "speed2", "restitution"),
                        Map.of("final_speed", "m/s", "final_speed2", "m/s", "energy_loss", "J")));
        systems.put(
                "spring",
                new System(
                        List.of("mass", "stiffness", "amplitude"),
                        Map.of("period", "s", "max_speed", "m/s", "position", "m")));
        systems.put("pendulum", new System(List.of("length", "angle"), Map.of("period", "s", "max_speed", "m/s")));
        systems.put(
                "bouncing_ball",
                new System(
                        List.of("height", "restitution", "bounces"),
                        Map.of("bounce_height", "m", "total_time", "s", "total_distance", "m")));
        systems.put("fall", new System(List.of("height"), Map.of("fall_time", "s", "impact_speed", "m/s")));
        return systems;
    }

    private static Set<String> quantities() {
        Set<String> all = new LinkedHashSet<>();
        SYSTEMS.values()
                .forEach(system -> system.quantities.keySet().stream().sorted().forEach(all::add));
        return all;
    }

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> arguments) {
        String name = Arguments.text(arguments, "system", "");
        String quantity = Arguments.text(arguments, "quantity", "");
        System system = SYSTEMS.get(name);
        if (system == null) {
            return ToolResult.refused("there is no system '" + name + "'");
        }
        String problem = Systems.problem(
                name, system.needs, system.quantities.keySet().stream().sorted().toList(), arguments);
        if (problem != null) {
            return ToolResult.refused(problem);
        }
        String unit = system.quantities.get(quantity);
        if (quantity.equals("position") && !arguments.containsKey("time")) {
            return ToolResult.refused("quantity 'position' needs the argument 'time'");
        }
        try {
            double value = simulate(name, quantity, arguments);
            return Double.isFinite(value)
                    ? ToolResult.answered(Numbers.significant(value) + " " + unit)
                    : ToolResult.refused("these values lead to no finite result");
        } catch (DataException e) {
            return ToolResult.refused(String.valueOf(e.getMessage()));
        }
    }

    private static double simulate(String system, String quantity, Map<String, @Nullable Object> given) {
        double gravity = Arguments.number(given, "gravity", GRAVITY);
        double drag = Arguments.number(given, "drag", 0);
        return switch (system) {
            case "projectile" -> {
                Projectile.Flight flight = new Projectile(
                                at(given, "speed"),
                                at(given, "angle"),
                                Arguments.number(given, "height", 0),
                                drag,
                                gravity)
                        .fly(TOLERANCE);
                yield switch (quantity) {
                    case "range" -> flight.range();
                    case "max_height" -> flight.top();
                    case "flight_time" -> flight.duration();
                    default -> flight.impact();
                };
            }
            case "incline" -> {
                Incline.Slide slide = new Incline(
                                at(given, "length"), at(given, "angle"), at(given, "friction"), gravity)
                        .slide(TOLERANCE);
                yield switch (quantity) {
                    case "slide_time" -> slide.time();
                    case "final_speed" -> slide.speed();
                    default -> slide.acceleration();
                };
            }
            case "collision" -> {
                Collision.After after = new Collision(
                                at(given, "mass"),
                                at(given, "speed"),
                                at(given, "mass2"),
                                at(given, "speed2"),
                                at(given, "restitution"))
                        .collide();
                yield switch (quantity) {
                    case "final_speed" -> after.speed1();
                    case "final_speed2" -> after.speed2();
                    default -> after.lost();
                };
            }
            case "spring" -> {
                Spring spring = new Spring(
                        at(given, "mass"),
                        at(given, "stiffness"),
                        Arguments.number(given, "damping", 0),
                        at(given, "amplitude"));
                yield switch (quantity) {
                    case "period" -> spring.period(TOLERANCE);
                    case "max_speed" -> spring.fastest(TOLERANCE);
                    default -> spring.position(at(given, "time"), TOLERANCE);
                };
            }
            case "pendulum" -> {
                Pendulum pendulum = new Pendulum(at(given, "length"), Math.abs(at(given, "angle")), gravity);
                if (pendulum.angle() == 0) {
                    throw new DataException("a pendulum that starts at angle 0 does not swing");
                }
                yield quantity.equals("period") ? pendulum.period(TOLERANCE) : pendulum.fastest(TOLERANCE);
            }
            case "bouncing_ball" -> {
                Bounce ball = new Bounce(at(given, "height"), at(given, "restitution"), gravity);
                if (ball.height() == 0 || ball.restitution() == 0) {
                    throw new DataException("the ball does not bounce");
                }
                Bounce.Bounced bounced = ball.bounce((int) at(given, "bounces"), TOLERANCE);
                yield switch (quantity) {
                    case "bounce_height" -> bounced.top();
                    case "total_time" -> bounced.time();
                    default -> bounced.way();
                };
            }
            default -> {
                Fall fall = new Fall(at(given, "height"), drag, gravity);
                if (fall.height() == 0) {
                    throw new DataException("a fall needs a height above 0");
                }
                Fall.Landing landing = fall.fall(TOLERANCE);
                yield quantity.equals("fall_time") ? landing.time() : landing.speed();
            }
        };
    }

    private static double at(Map<String, @Nullable Object> given, String name) {
        return Arguments.number(given, name, Double.NaN);
    }
}
