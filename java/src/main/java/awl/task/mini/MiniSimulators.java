package awl.task.mini;

/// Small simulators in plain arithmetic; angles in degrees, SI units.
final class MiniSimulators {

    private static final double GRAVITY = 9.81;

    private MiniSimulators() {}

    /// Distance of a throw on level ground, m.
    static double range(double speed, double angle) {
        return speed * speed * Math.sin(Math.toRadians(2 * angle)) / GRAVITY;
    }

    /// Period of a pendulum of any amplitude, s, by the arithmetic-geometric mean.
    static double pendulum(double length, double angle) {
        double x = 1;
        double y = Math.cos(Math.toRadians(angle) / 2);
        for (int i = 0; i < 20; i++) {
            double mean = (x + y) / 2;
            y = Math.sqrt(x * y);
            x = mean;
        }
        return 2 * Math.PI * Math.sqrt(length / GRAVITY) / x;
    }

    /// The first sine mode of a rod of unit length with cold ends, at x after t.
    static double sineMode(double amplitude, double diffusivity, double x, double t) {
        return amplitude * Math.sin(Math.PI * x) * Math.exp(-Math.PI * Math.PI * diffusivity * t);
    }

    /// @param peak largest share that is infectious at once
    /// @param day when
    record Epidemic(double peak, double day) {}

    /// An SEIR epidemic from one case in a thousand, by the midpoint rule in steps of half a day.
    ///
    /// @param latent days from exposure to infectiousness
    /// @param infectious days
    static Epidemic seir(double reproduction, double latent, double infectious) {
        if (!(latent >= 1 && infectious >= 1)) {
            throw new IllegalArgumentException("times shorter than the step");
        }
        double step = 0.5;
        double[] state = {0.999, 0, 0.001};
        double peak = state[2];
        double day = 0;
        for (double t = step; t <= 500; t += step) {
            double[] slope = slope(state, reproduction, latent, infectious);
            double[] middle = {
                state[0] + step / 2 * slope[0], state[1] + step / 2 * slope[1], state[2] + step / 2 * slope[2]
            };
            slope = slope(middle, reproduction, latent, infectious);
            for (int i = 0; i < 3; i++) {
                state[i] += step * slope[i];
            }
            if (state[2] > peak) {
                peak = state[2];
                day = t;
            }
        }
        return new Epidemic(peak, day);
    }

    private static double[] slope(double[] at, double reproduction, double latent, double infectious) {
        double infections = reproduction / infectious * at[0] * at[2];
        return new double[] {-infections, infections - at[1] / latent, at[1] / latent - at[2] / infectious};
    }

    private static final double[] SHARE = {0.2173, 0.2240, 0.2824, 0.2763};
    private static final double[] LIFETIME = {1e6, 394.4, 36.54, 4.304};

    /// Warming since 2024 under emissions that change by a rate, K: four carbon pools as in FaIR, two layers of heat.
    ///
    /// @param emissions of 2025, GtC a year
    /// @param growth percent a year
    static double warming(double emissions, double growth, int year) {
        if (year < 2025 || year > 2300) {
            throw new IllegalArgumentException("year");
        }
        double[] pools = new double[SHARE.length];
        double surface = 0;
        double deep = 0;
        double emitted = emissions;
        for (int y = 2025; y <= year; y++) {
            double excess = 0;
            for (int i = 0; i < pools.length; i++) {
                pools[i] = (pools[i] + SHARE[i] * emitted / 2.124) * Math.exp(-1 / LIFETIME[i]);
                excess += pools[i];
            }
            emitted *= 1 + growth / 100;
            double forcing = 5.35 * Math.log((420 + excess) / 278);
            for (int part = 0; part < 5; part++) {
                double change = 0.2 * (forcing - 1.13 * surface - 0.73 * (surface - deep)) / 7.3;
                deep += 0.2 * 0.73 * (surface - deep) / 106;
                surface += change;
            }
        }
        return surface;
    }
}
