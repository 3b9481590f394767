package awl.tool.sim;

/// A body that falls from rest through air.
///
/// @param height m
/// @param drag quadratic drag coefficient per mass, 1/m
/// @param gravity m/s^2
public record Fall(double height, double drag, double gravity) {

    /// @param time of the fall, s
    /// @param speed at the ground, m/s
    public record Landing(double time, double speed) {}

    /// Integrates the fall.
    public Landing fall(double tolerance) {
        double terminal = drag > 0 ? Math.sqrt(gravity / drag) : Double.POSITIVE_INFINITY;
        double ever = 2 * Math.sqrt(2 * height / gravity) + 2 * height / terminal;
        Motion.End end = Motion.of(2, tolerance, (t, y) -> new double[] {y[1], gravity - drag * y[1] * y[1]})
                .untilFalling(0, new double[] {0, 0}, ever, ever / 20, y -> height - y[0]);
        return new Landing(end.time(), end.state()[1]);
    }

    /// In closed form: v^2 = vt^2 (1 - e^(-2 k h)), t = vt/g arcosh(e^(k h)).
    public Landing exact() {
        if (drag == 0) {
            return new Landing(Math.sqrt(2 * height / gravity), Math.sqrt(2 * gravity * height));
        }
        double terminal = Math.sqrt(gravity / drag);
        double growth = Math.exp(drag * height);
        double arcosh = Math.log(growth + Math.sqrt(growth * growth - 1));
        return new Landing(terminal / gravity * arcosh, terminal * Math.sqrt(-Math.expm1(-2 * drag * height)));
    }
}
