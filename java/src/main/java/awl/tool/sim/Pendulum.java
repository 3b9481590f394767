package awl.tool.sim;

/// A pendulum of any amplitude, let go at rest; without friction.
///
/// @param length m
/// @param angle of the start from the vertical, degrees, below 180
/// @param gravity m/s^2
public record Pendulum(double length, double angle, double gravity) {

    /// Period, s: four times the way to the lowest point.
    public double period(double tolerance) {
        double ever = 40 * Math.sqrt(length / gravity);
        return 4 * down(tolerance, ever).time();
    }

    /// Period by the arithmetic-geometric mean, which is the complete elliptic integral (Gauss).
    public double exactPeriod() {
        double x = 1;
        double y = Math.cos(Math.toRadians(angle) / 2);
        for (int i = 0; i < 30; i++) {
            double mean = (x + y) / 2;
            y = Math.sqrt(x * y);
            x = mean;
        }
        return 2 * Math.PI * Math.sqrt(length / gravity) / x;
    }

    /// Speed at the lowest point, m/s.
    public double fastest(double tolerance) {
        double ever = 40 * Math.sqrt(length / gravity);
        return length * Math.abs(down(tolerance, ever).state()[1]);
    }

    /// The same from the kept energy.
    public double exactFastest() {
        return Math.sqrt(2 * gravity * length * (1 - Math.cos(Math.toRadians(angle))));
    }

    private Motion.End down(double tolerance, double ever) {
        return Motion.of(2, tolerance, (t, y) -> new double[] {y[1], -gravity / length * Math.sin(y[0])})
                .untilFalling(0, new double[] {Math.toRadians(angle), 0}, ever, ever / 200, y -> y[0]);
    }
}
