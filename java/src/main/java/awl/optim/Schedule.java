package awl.optim;

/// Learning rate by step, as a pure function: resuming needs nothing but the step.
///
/// Steps are counted from 1. For `step <= warmup` the rate is `peak * step / warmup`; behind it the subtypes
/// fall from `peak` to `minRatio * peak`, reached at step `total`.
public sealed interface Schedule {

    /// Rate after warm-up.
    double peak();

    /// Number of warm-up steps, 0 for none.
    long warmup();

    /// Factor in [0, 1] on the peak at a step behind the warm-up.
    double factor(long step);

    /// Learning rate of a step counted from 1.
    default double at(long step) {
        if (step < 1) {
            throw new IllegalArgumentException("steps are counted from 1, got " + step);
        }
        return step <= warmup() ? peak() * step / warmup() : peak() * factor(step);
    }

    /// Stays at the peak.
    record Constant(double peak, long warmup) implements Schedule {
        @Override
        public double factor(long step) {
            return 1;
        }
    }

    /// A straight line down.
    record Linear(double peak, long warmup, long total, double minRatio) implements Schedule {
        @Override
        public double factor(long step) {
            return minRatio + (1 - minRatio) * (1 - progress(step, warmup, total));
        }
    }

    /// Half a cosine down (Loshchilov, Hutter 2017, without restarts).
    record Cosine(double peak, long warmup, long total, double minRatio) implements Schedule {
        @Override
        public double factor(long step) {
            return minRatio + (1 - minRatio) * 0.5 * (1 + Math.cos(Math.PI * progress(step, warmup, total)));
        }
    }

    private static double progress(long step, long warmup, long total) {
        return total <= warmup ? 1 : Math.clamp((double) (step - warmup) / (total - warmup), 0, 1);
    }
}
