package awl.tool.sim;

import java.util.Arrays;

/// Diffusion on a rectangle whose edges are all held at zero or all insulated.
///
/// @param width m
/// @param height m
/// @param diffusivity m^2/s
/// @param boundary fixed (at zero) or insulated
/// @param acrossX factor of the start along the width
/// @param acrossY factor along the height: the start is the product of both
public record Plate(
        double width, double height, double diffusivity, Boundary boundary, Profile acrossX, Profile acrossY) {

    private static final int CELLS = 64;
    private static final int STEPS = 64;

    /// @param cells temperatures, row by row
    /// @param columns cells along the width
    public record Sheet(double[] cells, int columns, double width, double height, Boundary boundary) {

        public double max() {
            double most = Arrays.stream(cells).max().orElseThrow();
            return boundary == Boundary.FIXED ? Math.max(0, most) : most;
        }

        public double mean() {
            return Arrays.stream(cells).average().orElseThrow();
        }

        /// Temperature at a place, bilinear.
        public double at(double x, double y) {
            int rows = cells.length / columns;
            double[] line = new double[rows];
            for (int j = 0; j < rows; j++) {
                double[] row = Arrays.copyOfRange(cells, j * columns, (j + 1) * columns);
                line[j] = new Field(row, width, boundary, 0, 0).at(x);
            }
            return new Field(line, height, boundary, 0, 0).at(y);
        }
    }

    /// Temperatures after a time by alternating directions (Peaceman, Rachford 1955), after two fully
    /// implicit split steps for starts that jump.
    public Sheet after(double time) {
        return after(time, CELLS, STEPS);
    }

    public Sheet after(double time, int n, int steps) {
        double dx = width / n;
        double dy = height / n;
        double[] u = new double[n * n];
        for (int j = 0; j < n; j++) {
            double y = acrossY.mean(j * dy, (j + 1) * dy, height, boundary);
            for (int i = 0; i < n; i++) {
                u[j * n + i] = y * acrossX.mean(i * dx, (i + 1) * dx, width, boundary);
            }
        }
        double dt = time / steps;
        double rx = diffusivity * dt / (2 * dx * dx);
        double ry = diffusivity * dt / (2 * dy * dy);
        Tridiagonal alongX = new Tridiagonal(n, rx, boundary);
        Tridiagonal alongY = new Tridiagonal(n, ry, boundary);
        for (int step = 0; step < steps; step++) {
            if (Thread.currentThread().isInterrupted()) {
                throw new awl.DataException("stopped");
            }
            boolean implicit = step < 2;
            if (implicit) {
                // Two halves of implicit Euler in split form stand for one step.
                rows(u, n, alongX);
                alongY.solveColumns(u);
                rows(u, n, alongX);
                alongY.solveColumns(u);
            } else {
                u = spread(u, n, ry, n, 1);
                rows(u, n, alongX);
                u = spread(u, n, rx, 1, n);
                alongY.solveColumns(u);
            }
        }
        return new Sheet(u, n, width, height, boundary);
    }

    /// Temperature at a place by the product of two series: the start is a product, and so is the solution.
    public double exact(double x, double y, double time) {
        return alongX().exact(x, time) * alongY().exact(y, time);
    }

    public double exactMean(double time) {
        return alongX().exactMean(time) * alongY().exactMean(time);
    }

    private Rod alongX() {
        return new Rod(width, diffusivity, boundary, 0, 0, acrossX);
    }

    private Rod alongY() {
        return new Rod(height, diffusivity, boundary, 0, 0, acrossY);
    }

    private static void rows(double[] u, int n, Tridiagonal system) {
        for (int j = 0; j < n; j++) {
            system.solve(u, j * n, 1);
        }
    }

    /// One explicit half step along neighbours that lie `stride` apart; `line` is the step to the next line
    /// of them.
    private double[] spread(double[] u, int n, double r, int stride, int line) {
        double[] next = new double[n * n];
        double outside = boundary == Boundary.FIXED ? -1 : 1;
        double edge = 1 + (outside - 2) * r;
        double inner = 1 - 2 * r;
        for (int j = 0; j < n; j++) {
            int first = j * line;
            int last = first + (n - 1) * stride;
            next[first] = edge * u[first] + r * u[first + stride];
            next[last] = edge * u[last] + r * u[last - stride];
            for (int at = first + stride; at != last; at += stride) {
                next[at] = inner * u[at] + r * (u[at - stride] + u[at + stride]);
            }
        }
        return next;
    }
}
