package awl.tool.sim;

/// Diffusion along a line: u_t = D u_xx.
///
/// @param length m
/// @param diffusivity m^2/s
/// @param boundary at both ends
/// @param left temperature of the left end, where it is fixed
/// @param right temperature of the right end, where it is fixed
/// @param start temperature at time 0; between fixed ends it may jump there
public record Rod(double length, double diffusivity, Boundary boundary, double left, double right, Profile start) {

    private static final int CELLS = 200;
    private static final int STEPS = 200;
    private static final int TERMS = 400;

    /// Temperatures of the cells after a time, by Crank and Nicolson's method on finite volumes; the first
    /// steps are fully implicit, halved, so that jumps do not ring (Rannacher 1984).
    public Field after(double time) {
        return after(time, CELLS, STEPS);
    }

    public Field after(double time, int cells, int steps) {
        double dx = length / cells;
        double[] u = new double[cells];
        for (int i = 0; i < cells; i++) {
            u[i] = start.mean(i * dx, (i + 1) * dx, length, boundary);
        }
        double dt = time / steps;
        double r = diffusivity * dt / (dx * dx);
        Tridiagonal half = new Tridiagonal(cells, r / 2, boundary);
        for (int i = 0; i < steps; i++) {
            if (Thread.currentThread().isInterrupted()) {
                throw new awl.DataException("stopped");
            }
            if (i < 2) {
                implicit(u, r / 2, half);
                implicit(u, r / 2, half);
            } else {
                u = explicit(u, r / 2);
                half.solve(u, 0, 1);
            }
        }
        return new Field(u, length, boundary, left, right);
    }

    private void implicit(double[] u, double r, Tridiagonal system) {
        if (boundary == Boundary.FIXED) {
            u[0] += 2 * r * left;
            u[u.length - 1] += 2 * r * right;
        }
        system.solve(u, 0, 1);
    }

    /// Half a step explicitly, with the ends' part of the implicit half already added.
    private double[] explicit(double[] u, double r) {
        int n = u.length;
        double[] next = new double[n];
        for (int i = 0; i < n; i++) {
            double below = i > 0 ? u[i - 1] : beyond(u, 0, left);
            double above = i < n - 1 ? u[i + 1] : beyond(u, n - 1, right);
            next[i] = u[i] + r * (below - 2 * u[i] + above);
        }
        if (boundary == Boundary.FIXED) {
            next[0] += 2 * r * left;
            next[n - 1] += 2 * r * right;
        }
        return next;
    }

    /// Value of the cell that is not there: mirrored about the end's value, or the first from the other side.
    private double beyond(double[] u, int at, double end) {
        return switch (boundary) {
            case FIXED -> 2 * end - u[at];
            case INSULATED -> u[at];
            case PERIODIC -> u[at == 0 ? u.length - 1 : 0];
        };
    }

    /// Temperature at a place and time, as a series of the modes between these ends.
    public double exact(double x, double time) {
        double k = Math.PI / length;
        double value = 0;
        switch (boundary) {
            case FIXED -> {
                value = left + (right - left) * x / length;
                for (int n = 1; n <= TERMS; n++) {
                    value += sine(n) * Math.sin(n * k * x) * decay(n * k, time);
                }
            }
            case INSULATED -> {
                value = meanValue();
                for (int n = 1; n <= TERMS; n++) {
                    value += cosine(n) * Math.cos(n * k * x) * decay(n * k, time);
                }
            }
            case PERIODIC -> {
                value = meanValue();
                for (int n = 1; n <= TERMS; n++) {
                    double wave = 2 * n * k;
                    value += (ring(n, true) * Math.sin(wave * x) + ring(n, false) * Math.cos(wave * x))
                            * decay(wave, time);
                }
            }
        }
        return value;
    }

    /// Mean temperature after a time, from the same series.
    public double exactMean(double time) {
        if (boundary != Boundary.FIXED) {
            return meanValue();
        }
        double value = (left + right) / 2;
        for (int n = 1; n <= TERMS; n += 2) {
            value += sine(n) * 2 / (n * Math.PI) * decay(n * Math.PI / length, time);
        }
        return value;
    }

    private double decay(double wave, double time) {
        return Math.exp(-diffusivity * wave * wave * time);
    }

    /// Mean of the start.
    private double meanValue() {
        return start.mean(0, length, length, boundary);
    }

    /// Coefficient of sin(n pi x / L) of the start less the final straight line.
    private double sine(int n) {
        double k = n * Math.PI / length;
        double line = 2 / (n * Math.PI) * (left - right * Math.cos(n * Math.PI));
        double own = switch (start.kind()) {
            case WAVE -> n == start.mode() ? start.size() : 0;
            case PATCH -> 2 * start.size() / (n * Math.PI) * (Math.cos(k * start.from()) - Math.cos(k * start.to()));
            case EVEN -> 2 * start.size() / (n * Math.PI) * (1 - Math.cos(n * Math.PI));
        };
        return own - line;
    }

    private double cosine(int n) {
        double k = n * Math.PI / length;
        return switch (start.kind()) {
            case WAVE -> n == start.mode() ? start.size() : 0;
            case PATCH -> 2 * start.size() / (n * Math.PI) * (Math.sin(k * start.to()) - Math.sin(k * start.from()));
            case EVEN -> 0;
        };
    }

    private double ring(int n, boolean sine) {
        double k = 2 * n * Math.PI / length;
        return switch (start.kind()) {
            case WAVE -> sine && n == start.mode() ? start.size() : 0;
            case PATCH ->
                sine
                        ? start.size() / (n * Math.PI) * (Math.cos(k * start.from()) - Math.cos(k * start.to()))
                        : start.size() / (n * Math.PI) * (Math.sin(k * start.to()) - Math.sin(k * start.from()));
            case EVEN -> 0;
        };
    }
}
