package awl.tool.sim;

/// A simple climate model from 2020 on: carbon dioxide in four pools as in FaIR (Millar et al. 2017;
/// impulse response of Joos et al. 2013), methane in one box, forcing, and a two-layer energy balance
/// (Geoffroy et al. 2013).
///
/// The state of 2020 follows from emissions that grew exponentially to 10.5 GtC/yr with a time scale of 50
/// years, which gives 416 ppm and 1.2 K. Methane counts as its change from 2020, when 360 Mt/yr came from
/// people.
///
/// @param target CO2 emissions that are reached in a straight line from 2020's and kept, GtC/yr
/// @param targetYear when
/// @param methaneTarget methane emissions that are reached in a straight line and kept, Mt/yr
/// @param methaneYear when
/// @param feedback lambda, W m^-2 K^-1
public record Climate(double target, double targetYear, double methaneTarget, double methaneYear, double feedback) {

    public static final double START = 2020;
    /// CO2 emissions of 2020, GtC/yr.
    public static final double EMISSIONS = 10.5;
    /// Methane emissions of people in 2020, Mt/yr.
    public static final double METHANE = 360;
    public static final double FEEDBACK = 1.13;
    /// GtC in the air for each ppm.
    public static final double GTC_PER_PPM = 2.124;

    static final double PREINDUSTRIAL = 278;
    static final double GROWTH_YEARS = 50;
    static final double[] SHARE = {0.2173, 0.2240, 0.2824, 0.2763};
    static final double[] YEARS = {1e6, 394.4, 36.54, 4.304};

    private static final double FORCING = 5.35;
    private static final double HEAT_UPPER = 7.3;
    private static final double HEAT_DEEP = 106;
    private static final double EXCHANGE = 0.73;
    private static final double METHANE_2020 = 1880;
    private static final double METHANE_YEARS = 11.8;
    private static final double METHANE_MT_PER_PPB = 2.75;
    private static final double METHANE_FORCING = 0.036;

    /// Emissions that stay as they are in 2020.
    public static Climate constant() {
        return new Climate(EMISSIONS, START + 1, METHANE, START + 1, FEEDBACK);
    }

    public static Climate carbon(double target, double targetYear) {
        return new Climate(target, targetYear, METHANE, START + 1, FEEDBACK);
    }

    /// @param co2 ppm
    /// @param forcing of CO2 and of the change of methane, W/m^2
    /// @param warming above pre-industrial, K
    public record State(double co2, double forcing, double warming) {}

    /// CO2 emissions in a year, GtC/yr.
    public double emissions(double year) {
        if (year <= START) {
            return EMISSIONS * Math.exp((year - START) / GROWTH_YEARS);
        }
        double part = Math.min(1, (year - START) / (targetYear - START));
        return EMISSIONS + part * (target - EMISSIONS);
    }

    /// Runge-Kutta 4 with a step of a quarter of a year.
    public State in(double year) {
        return in(year, 0.25);
    }

    /// @param step years
    public State in(double year, double step) {
        double[] y = start();
        for (double t = START; t < year - 1e-9; t += step) {
            y = rungeKutta(t, y, Math.min(step, year - t));
        }
        return new State(co2(y), forcing(y), y[5]);
    }

    /// The same by Dormand-Prince 8(5,3), in pieces between the corners of the pathways.
    public State refined(double year, double tolerance) {
        double[] y = start();
        Motion motion = Motion.of(7, tolerance, this::rate);
        double at = START;
        double first = Math.min(targetYear, methaneYear);
        double second = Math.max(targetYear, methaneYear);
        for (double border : new double[] {Math.min(first, year), Math.min(second, year), year}) {
            y = motion.state(at, y, border);
            at = Math.max(at, border);
        }
        return new State(co2(y), forcing(y), y[5]);
    }

    /// CO2 in ppm by the exact response of each pool to emissions along straight lines.
    public double exactCo2(double year) {
        double air = PREINDUSTRIAL * GTC_PER_PPM;
        double slope = (target - EMISSIONS) / (targetYear - START);
        double ramp = Math.min(year, targetYear) - START;
        double flat = Math.max(0, year - targetYear);
        for (int i = 0; i < SHARE.length; i++) {
            double tau = YEARS[i];
            double pool = history(i);
            double decay = Math.exp(-ramp / tau);
            pool = pool * decay
                    + SHARE[i] * (EMISSIONS * tau * (1 - decay) + slope * (tau * ramp - tau * tau * (1 - decay)));
            double after = Math.exp(-flat / tau);
            pool = pool * after + SHARE[i] * target * tau * (1 - after);
            air += pool;
        }
        return air / GTC_PER_PPM;
    }

    /// Warming of a constant forcing in the long run, K.
    public static double equilibrium(double forcing, double feedback) {
        return forcing / feedback;
    }

    /// Warming by a constant forcing after some years, K, integrated.
    public static double after(double forcing, double feedback, double years) {
        return Motion.of(2, 1e-10, (t, y) -> heat(forcing, y[0], y[1], feedback))
                .state(0, new double[] {0, 0}, years)[0];
    }

    /// Forcing of CO2 at a concentration, W/m^2.
    public static double forcingOf(double ppm) {
        return FORCING * Math.log(ppm / PREINDUSTRIAL);
    }

    /// What exponential growth left in a pool by 2020, GtC.
    private static double history(int pool) {
        return SHARE[pool] * EMISSIONS * GROWTH_YEARS * YEARS[pool] / (YEARS[pool] + GROWTH_YEARS);
    }

    /// Pools 0-3 (GtC), methane above that of 2020 (ppb), temperature of the upper and the deep layer (K).
    private double[] start() {
        double[] warmed = WARMED.computeIfAbsent(feedback, Climate::warmed);
        return new double[] {history(0), history(1), history(2), history(3), 0, warmed[0], warmed[1]};
    }

    private static final java.util.concurrent.ConcurrentHashMap<Double, double[]> WARMED =
            new java.util.concurrent.ConcurrentHashMap<>();

    /// Temperatures of 2020, from 1750 on; the pools grow with the emissions and need no integration.
    private static double[] warmed(double feedback) {
        double pools = 0;
        for (int i = 0; i < SHARE.length; i++) {
            pools += history(i);
        }
        double in2020 = pools / GTC_PER_PPM;
        return Motion.of(2, 1e-10, (t, y) -> {
                    double ppm = PREINDUSTRIAL + in2020 * Math.exp((t - START) / GROWTH_YEARS);
                    return heat(forcingOf(ppm), y[0], y[1], feedback);
                })
                .state(1750, new double[] {0, 0}, START);
    }

    private static double[] heat(double forcing, double upper, double deep, double feedback) {
        double down = EXCHANGE * (upper - deep);
        return new double[] {(forcing - feedback * upper - down) / HEAT_UPPER, down / HEAT_DEEP};
    }

    private static double co2(double[] y) {
        return PREINDUSTRIAL + (y[0] + y[1] + y[2] + y[3]) / GTC_PER_PPM;
    }

    private static double forcing(double[] y) {
        double methane = Math.max(0, METHANE_2020 + y[4]);
        return forcingOf(co2(y)) + METHANE_FORCING * (Math.sqrt(methane) - Math.sqrt(METHANE_2020));
    }

    private double[] rate(double t, double[] y) {
        double emitted = emissions(t);
        double part = Math.min(1, (t - START) / (methaneYear - START));
        double methane = part * (methaneTarget - METHANE) / METHANE_MT_PER_PPB;
        double[] heat = heat(forcing(y), y[5], y[6], feedback);
        return new double[] {
            SHARE[0] * emitted - y[0] / YEARS[0],
            SHARE[1] * emitted - y[1] / YEARS[1],
            SHARE[2] * emitted - y[2] / YEARS[2],
            SHARE[3] * emitted - y[3] / YEARS[3],
            methane - y[4] / METHANE_YEARS,
            heat[0],
            heat[1]
        };
    }

    private double[] rungeKutta(double t, double[] y, double h) {
        double[] k1 = rate(t, y);
        double[] k2 = rate(t + h / 2, moved(y, k1, h / 2));
        double[] k3 = rate(t + h / 2, moved(y, k2, h / 2));
        double[] k4 = rate(t + h, moved(y, k3, h));
        double[] next = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            next[i] = y[i] + h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
        }
        return next;
    }

    private static double[] moved(double[] y, double[] k, double h) {
        double[] next = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            next[i] = y[i] + h * k[i];
        }
        return next;
    }
}
