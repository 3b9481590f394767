package awl.tool.sim;

/// A body thrown in still air over flat ground.
///
/// @param speed m/s
/// @param angle above the horizontal, degrees
/// @param height of the start above the ground, m
/// @param drag quadratic drag coefficient per mass, 1/m: deceleration is drag * v^2
/// @param gravity m/s^2
public record Projectile(double speed, double angle, double height, double drag, double gravity) {

    /// @param range horizontal distance to the landing, m
    /// @param top largest height above the ground, m
    /// @param duration of the flight, s
    /// @param impact speed at the landing, m/s
    public record Flight(double range, double top, double duration, double impact) {}

    /// Integrates the flight: up to the top, then down to the ground.
    public Flight fly(double tolerance) {
        double vx = speed * Math.cos(Math.toRadians(angle));
        double vy = speed * Math.sin(Math.toRadians(angle));
        Motion motion = Motion.of(4, tolerance, (t, y) -> {
            double slowing = drag * Math.hypot(y[2], y[3]);
            return new double[] {y[2], y[3], -slowing * y[2], -gravity - slowing * y[3]};
        });
        double ever = 2 * (Math.abs(vy) + Math.sqrt(vy * vy + 2 * gravity * height)) / gravity + 1;
        if (drag > 0) {
            ever += height * Math.sqrt(drag / gravity) * 4;
        }
        double[] at = {0, height, vx, vy};
        double time = 0;
        if (vy > 0) {
            Motion.End top = motion.untilFalling(0, at, ever, ever / 20, y -> y[3]);
            at = top.state();
            time = top.time();
        }
        double highest = at[1];
        Motion.End down = motion.untilFalling(time, at, time + ever, ever / 20, y -> y[1]);
        double[] end = down.state();
        return new Flight(end[0], highest, down.time(), Math.hypot(end[2], end[3]));
    }

    /// The same in closed form.
    ///
    /// @throws IllegalStateException where there is drag
    public Flight exact() {
        if (drag != 0) {
            throw new IllegalStateException("no closed form with drag");
        }
        double vx = speed * Math.cos(Math.toRadians(angle));
        double vy = speed * Math.sin(Math.toRadians(angle));
        double time = (vy + Math.sqrt(vy * vy + 2 * gravity * height)) / gravity;
        double top = vy > 0 ? height + vy * vy / (2 * gravity) : height;
        return new Flight(vx * time, top, time, Math.sqrt(speed * speed + 2 * gravity * height));
    }
}
