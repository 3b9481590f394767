package awl.tool.sim;

/// A ball dropped on a hard floor.
///
/// @param height of the drop, m
/// @param restitution share of the speed that a bounce leaves
/// @param gravity m/s^2
public record Bounce(double height, double restitution, double gravity) {

    /// @param top largest height after the last bounce counted, m
    /// @param time until that bounce, s
    /// @param way travelled until that bounce, m
    public record Bounced(double top, double time, double way) {}

    /// Integrates bounce by bounce.
    public Bounced bounce(int bounces, double tolerance) {
        Motion motion = Motion.of(2, tolerance, (t, y) -> new double[] {y[1], -gravity});
        double ever = 4 * Math.sqrt(2 * height / gravity);
        double[] at = {height, 0};
        double time = 0;
        double way = 0;
        double top = height;
        for (int i = 0; i < bounces; i++) {
            Motion.End floor = motion.untilFalling(time, at, time + ever, ever / 50, y -> y[0]);
            time = floor.time();
            way += i == 0 ? height : 2 * top;
            double up = -restitution * floor.state()[1];
            at = new double[] {0, up};
            Motion.End highest = motion.untilFalling(time, at, time + ever, ever / 50, y -> y[1]);
            top = highest.state()[0];
        }
        return new Bounced(top, time, way);
    }

    /// By the geometric series.
    public Bounced exact(int bounces) {
        double fall = Math.sqrt(2 * height / gravity);
        double time = fall;
        double way = height;
        for (int i = 1; i < bounces; i++) {
            time += 2 * fall * Math.pow(restitution, i);
            way += 2 * height * Math.pow(restitution, 2 * i);
        }
        return new Bounced(height * Math.pow(restitution, 2 * bounces), time, way);
    }
}
