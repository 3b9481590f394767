package awl.tool.sim;

import awl.DataException;

/// A mass on a spring, pulled out and let go.
///
/// @param mass kg
/// @param stiffness N/m
/// @param damping of the speed, N s/m
/// @param amplitude where it is let go, m
public record Spring(double mass, double stiffness, double damping, double amplitude) {

    /// Position at a time, m, integrated.
    public double position(double time, double tolerance) {
        return motion(tolerance).state(0, new double[] {amplitude, 0}, time)[0];
    }

    /// Position at a time in closed form (under-damped).
    public double exactPosition(double time) {
        double decay = damping / (2 * mass);
        double omega = omega();
        return amplitude * Math.exp(-decay * time) * (Math.cos(omega * time) + decay / omega * Math.sin(omega * time));
    }

    /// Time between two passages of the middle in the same direction, s: twice the time between the first
    /// passage, downwards, and the next, upwards.
    public double period(double tolerance) {
        double ever = 4 * Math.PI * Math.sqrt(mass / stiffness) + 4 * Math.PI / omega();
        Motion motion = motion(tolerance);
        Motion.End first = motion.untilFalling(0, new double[] {amplitude, 0}, ever, ever / 100, y -> y[0]);
        Motion.End second = motion.untilFalling(first.time(), first.state(), 2 * ever, ever / 100, y -> -y[0]);
        return 2 * (second.time() - first.time());
    }

    /// Period in closed form, s.
    public double exactPeriod() {
        return 2 * Math.PI / omega();
    }

    /// Largest speed, m/s: where the acceleration first comes to nothing.
    public double fastest(double tolerance) {
        double ever = 4 * Math.PI / omega();
        Motion.End end = motion(tolerance)
                .untilFalling(0, new double[] {amplitude, 0}, ever, ever / 100, y -> stiffness * y[0] + damping * y[1]);
        return Math.abs(end.state()[1]);
    }

    /// Largest speed, m/s, in closed form.
    public double exactFastest() {
        double natural = Math.sqrt(stiffness / mass);
        double zeta = damping / (2 * Math.sqrt(stiffness * mass));
        double root = Math.sqrt(1 - zeta * zeta);
        // v(t) = -A w0^2/wd e^(-zeta w0 t) sin(wd t), largest where tan(wd t) = root/zeta
        double phase = Math.atan2(root, zeta);
        return amplitude * natural * Math.exp(-zeta / root * phase);
    }

    private double omega() {
        double square = stiffness / mass - damping * damping / (4 * mass * mass);
        if (square <= 0) {
            throw new DataException("the damping is too strong: the mass does not oscillate");
        }
        return Math.sqrt(square);
    }

    private Motion motion(double tolerance) {
        return Motion.of(2, tolerance, (t, y) -> new double[] {y[1], -(stiffness * y[0] + damping * y[1]) / mass});
    }
}
