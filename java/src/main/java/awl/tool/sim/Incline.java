package awl.tool.sim;

import awl.DataException;

/// A block that slides from rest down a plane.
///
/// @param length of the slide, m
/// @param angle of the plane, degrees
/// @param friction coefficient of kinetic friction
/// @param gravity m/s^2
public record Incline(double length, double angle, double friction, double gravity) {

    /// @param time to the end of the slide, s
    /// @param speed there, m/s
    /// @param acceleration along the plane, m/s^2
    public record Slide(double time, double speed, double acceleration) {}

    /// Acceleration along the plane, m/s^2.
    ///
    /// @throws DataException where friction holds the block
    public double acceleration() {
        double a = gravity * (Math.sin(Math.toRadians(angle)) - friction * Math.cos(Math.toRadians(angle)));
        if (a <= 0) {
            throw new DataException("friction holds the block: it does not slide");
        }
        return a;
    }

    /// Integrates the slide.
    public Slide slide(double tolerance) {
        double a = acceleration();
        double ever = 2 * Math.sqrt(2 * length / a);
        Motion.End end = Motion.of(2, tolerance, (t, y) -> new double[] {y[1], a})
                .untilFalling(0, new double[] {0, 0}, ever, ever / 10, y -> length - y[0]);
        return new Slide(end.time(), end.state()[1], a);
    }

    /// The same in closed form.
    public Slide exact() {
        double a = acceleration();
        return new Slide(Math.sqrt(2 * length / a), Math.sqrt(2 * a * length), a);
    }
}
