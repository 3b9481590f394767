package awl.tool.mujoco;

import awl.DataException;
import java.util.Locale;

/// Two bodies and two joints as a model for [Mujoco], and its state at the start. SI units, angles in radians.
///
/// @param mjcf the model with `%s` for the time step
/// @param first position of the first joint
/// @param second of the second, relative to the first
record Linkage(String mjcf, double first, double second) {

    /// Longest step of the Runge-Kutta method in seconds. It is halved until the result stays the same.
    private static final double LONGEST_STEP = 4e-3;

    private static final int MOST_HALVINGS = 4;

    /// Four significant digits are told. The method is of fourth order: what half the step leaves of an error is a
    /// fifteenth of the difference.
    private static final double AGREEMENT = 2e-4;

    /// Rods without mass and point masses; a body needs some inertia of its own.
    private static final double ALMOST_NOTHING = 1e-9;

    private static final String HINGE = "<joint type='hinge' axis='0 -1 0'/>";

    /// Two pendulums, one hanging from the other; angles from the vertical, the second one absolute.
    static Linkage doublePendulum(
            double length, double length2, double mass, double mass2, double angle, double angle2, double gravity) {
        String lower = "<body pos='0 0 %s'>%s%s</body>".formatted(-length, HINGE, point(0, -length2, mass2, length2));
        String upper = "<body>%s%s%s</body>".formatted(HINGE, point(0, -length, mass, length), lower);
        return new Linkage(model(gravity, upper), angle, angle2 - angle);
    }

    /// A pendulum hanging from a cart that rolls without friction.
    static Linkage cart(double mass, double mass2, double length, double angle, double gravity) {
        String pendulum = "<body>%s%s</body>".formatted(HINGE, point(0, -length, mass2, length));
        String cart = "<body><joint type='slide' axis='1 0 0'/>%s%s</body>".formatted(point(0, 0, mass, 1), pendulum);
        return new Linkage(model(gravity, cart), 0, angle);
    }

    /// A wall, a spring, a mass, a spring, a mass in a row; positions from rest.
    static Linkage springs(
            double mass, double mass2, double stiffness, double stiffness2, double position, double position2) {
        String outer = "<body>%s%s</body>".formatted(slide(stiffness2), point(0, 0, mass2, 1));
        String inner = "<body>%s%s%s</body>".formatted(slide(stiffness), point(0, 0, mass, 1), outer);
        return new Linkage(model(0, inner), position, position2 - position);
    }

    private static String slide(double stiffness) {
        return "<joint type='slide' axis='1 0 0' stiffness='%s'/>".formatted(stiffness);
    }

    private static String point(double x, double z, double mass, double size) {
        double inertia = mass * size * size * ALMOST_NOTHING;
        return "<inertial pos='%s 0 %s' mass='%s' diaginertia='%s %s %s'/>"
                .formatted(x, z, mass, inertia, inertia, inertia);
    }

    private static String model(double gravity, String bodies) {
        return "<mujoco><option timestep='%%s' integrator='RK4' gravity='0 0 %s'/><worldbody>%s</worldbody></mujoco>"
                .formatted(-gravity, bodies);
    }

    /// Positions and velocities of the two joints after `seconds`, from rest.
    ///
    /// @throws DataException where they depend on the time step: a chaotic motion is lost after a while
    double[] after(double seconds) {
        int steps = (int) Math.ceil(seconds / LONGEST_STEP);
        double[] coarse = run(seconds, steps);
        for (int halving = 1; halving <= MOST_HALVINGS; halving++) {
            double[] fine = run(seconds, steps << halving);
            if (same(coarse, fine)) {
                return fine;
            }
            coarse = fine;
        }
        throw new DataException("this motion cannot be followed for %s s: small errors grow; ask for an earlier time"
                .formatted(seconds));
    }

    private static boolean same(double[] coarse, double[] fine) {
        for (int i = 0; i < fine.length; i++) {
            double most = AGREEMENT * Math.max(1e-3, Math.abs(fine[i]));
            if (!(Math.abs(fine[i] - coarse[i]) <= most)) {
                return false;
            }
        }
        return true;
    }

    private double[] run(double seconds, int steps) {
        double step = steps == 0 ? LONGEST_STEP : seconds / steps;
        return Mujoco.library()
                .run(
                        String.format(Locale.ROOT, mjcf, step),
                        new double[] {first, second},
                        new double[] {0, 0},
                        steps,
                        seconds);
    }
}
