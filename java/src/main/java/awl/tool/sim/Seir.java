package awl.tool.sim;

/// The SEIR epidemic: susceptible, exposed, infectious, removed; a well-mixed population of constant size.
///
/// @param population people
/// @param beta new infections per infectious person and day in a wholly susceptible population
/// @param incubation mean days from infection to being infectious
/// @param infectious mean days of being infectious
/// @param seeds people infectious on day 0
/// @param immune share of the population that cannot be infected
/// @param fromDay first day of a reduction of contacts
/// @param untilDay its last day; infinite where it stays
/// @param reduction share by which contacts fall meanwhile
public record Seir(
        double population,
        double beta,
        double incubation,
        double infectious,
        double seeds,
        double immune,
        double fromDay,
        double untilDay,
        double reduction) {

    private static final double STEP = 0.1;
    private static final double LONGEST = 5000;
    /// Fewer people than this are no epidemic.
    private static final double OVER = 1e-3;

    /// @param peak largest number of people infectious at once
    /// @param peakDay when
    /// @param infectedShare share of the population infected by the end, in [0, 1]
    /// @param infectiousAtEnd people infectious on the last day
    /// @param days how long the run was
    public record Course(double peak, double peakDay, double infectedShare, double infectiousAtEnd, double days) {}

    public static Seir plain(double population, double beta, double incubation, double infectious, double seeds) {
        return new Seir(population, beta, incubation, infectious, seeds, 0, 0, 0, 0);
    }

    /// Basic reproduction number.
    public double r0() {
        return beta * infectious;
    }

    /// Runge-Kutta 4 with a fixed step; the peak between two steps by a parabola.
    ///
    /// @param days how long; infinite until the epidemic is over
    public Course run(double days) {
        return run(days, STEP);
    }

    /// @param step in days; a reduction's days fall on steps when it divides them
    public Course run(double days, double step) {
        double[] y = start();
        double before = y[2];
        double last = y[2];
        double peak = y[2];
        double peakDay = 0;
        double end = Math.min(days, LONGEST);
        long steps = Math.round(Math.ceil(end / step - 1e-9));
        double done = 0;
        for (long i = 0; i < steps; i++) {
            double t = i * step;
            double h = Math.min(step, end - t);
            y = rungeKutta(t, y, h);
            done = t + h;
            if (last >= before && last > y[2] && last >= peak) {
                double curvature = before - 2 * last + y[2];
                // Where contacts change the curve has a corner and no parabola.
                boolean corner = i == 0 || Math.abs(t - fromDay) < step || Math.abs(t - untilDay) < step;
                double shift = curvature == 0 || corner ? 0 : 0.5 * (before - y[2]) / curvature;
                peak = last - 0.25 * (before - y[2]) * shift;
                peakDay = t + shift * step;
            }
            before = last;
            last = y[2];
            if (Double.isInfinite(days) && y[1] + y[2] < OVER) {
                break;
            }
            if ((i & 1023) == 0 && Thread.currentThread().isInterrupted()) {
                break;
            }
        }
        if (y[2] > peak) {
            peak = y[2];
            peakDay = done;
        }
        return new Course(peak, peakDay, infectedShare(y), y[2], done);
    }

    /// The same by Dormand-Prince 8(5,3), the peak as an event.
    public Course refined(double days, double tolerance) {
        double end = Math.min(days, LONGEST);
        double[] y = start();
        double time = 0;
        double peak = y[2];
        double peakDay = 0;
        // The right-hand side jumps where contacts change: it is integrated piece by piece.
        double[] borders = {Math.min(fromDay, end), Math.min(untilDay, end), end};
        for (double border : borders) {
            while (time < border) {
                double from = time;
                Motion motion = Motion.of(4, tolerance * population, (t, state) -> rate(from, state));
                // In short pieces: once nobody is infectious, rounding makes events of nothing.
                double piece = Math.min(border, time + 20);
                Motion.End turn = motion.untilFalling(time, y, piece, 0.5, state -> infectiousRate(state));
                if (turn.time() - time < 1e-6 && turn.happened()) {
                    // It starts falling: step over the event.
                    double next = Math.min(border, time + 0.5);
                    y = motion.state(time, y, next);
                    time = next;
                } else {
                    y = turn.state();
                    time = turn.time();
                }
                if (y[2] > peak) {
                    peak = y[2];
                    peakDay = time;
                }
                if (y[1] + y[2] < OVER * 1e-6) {
                    return new Course(peak, peakDay, infectedShare(y), y[2], time);
                }
            }
        }
        return new Course(peak, peakDay, infectedShare(y), y[2], end);
    }

    /// Share infected in the end, from the final-size equation; for an epidemic without reduction of
    /// contacts.
    public double finalShare() {
        double susceptible = (1 - immune) * population - seeds;
        // ln(s_end) = ln(s_0) - R0 (1 - immune - s_end) with shares of the population
        double s0 = susceptible / population;
        double free = 1 - immune;
        double low = 0;
        double high = s0;
        for (int i = 0; i < 200; i++) {
            double middle = 0.5 * (low + high);
            double value = Math.log(s0 / middle) - r0() * (free - middle);
            if (value > 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return free - 0.5 * (low + high);
    }

    private double[] start() {
        return new double[] {(1 - immune) * population - seeds, 0, seeds, immune * population};
    }

    private double infectedShare(double[] y) {
        return (1 - immune) - y[0] / population;
    }

    private double infectiousRate(double[] y) {
        return y[1] / incubation - y[2] / infectious;
    }

    private double[] rungeKutta(double t, double[] y, double h) {
        double[] k1 = rate(t, y);
        double[] k2 = rate(t, moved(y, k1, h / 2));
        double[] k3 = rate(t, moved(y, k2, h / 2));
        double[] k4 = rate(t, moved(y, k3, h));
        double[] next = new double[4];
        for (int i = 0; i < 4; i++) {
            next[i] = y[i] + h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
        }
        return next;
    }

    private static double[] moved(double[] y, double[] k, double h) {
        return new double[] {y[0] + h * k[0], y[1] + h * k[1], y[2] + h * k[2], y[3] + h * k[3]};
    }

    /// @param t start of the step: contacts are constant within one
    private double[] rate(double t, double[] y) {
        double contacts = t >= fromDay - 1e-9 && t < untilDay - 1e-9 ? 1 - reduction : 1;
        double infection = beta * contacts * y[0] * y[2] / population;
        double becoming = y[1] / incubation;
        double recovery = y[2] / infectious;
        return new double[] {-infection, infection - becoming, becoming - recovery, recovery};
    }
}
