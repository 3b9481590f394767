package awl.tool.sim;

/// Solves (1 + 2r, -r, -r) systems of diffusion: Thomas' algorithm, with Sherman and Morrison's correction
/// on a ring.
final class Tridiagonal {

    private final double[] diagonal;
    private final double[] inverse;
    private final double r;
    private final boolean ring;
    private final double[] upper;
    private final double[] corner;
    private final double gamma;

    /// @param r ratio of diffusion D dt / dx^2 on the implicit side
    Tridiagonal(int n, double r, Boundary boundary) {
        this.r = r;
        this.ring = boundary == Boundary.PERIODIC;
        diagonal = new double[n];
        java.util.Arrays.fill(diagonal, 1 + 2 * r);
        // Half a cell lies between the end and the middle of the first cell: its flux is twice as large. None at all
        // goes through an insulated end.
        double end = boundary == Boundary.FIXED ? 1 + 3 * r : 1 + r;
        gamma = -(1 + 2 * r);
        if (ring) {
            diagonal[0] -= gamma;
            diagonal[n - 1] -= r * r / gamma;
        } else {
            diagonal[0] = end;
            diagonal[n - 1] = end;
        }
        upper = new double[n];
        upper[0] = -r / diagonal[0];
        for (int i = 1; i < n; i++) {
            diagonal[i] += r * upper[i - 1];
            upper[i] = -r / diagonal[i];
        }
        inverse = new double[n];
        for (int i = 0; i < n; i++) {
            inverse[i] = 1 / diagonal[i];
        }
        corner = new double[n];
        if (ring) {
            corner[0] = gamma;
            corner[n - 1] = -r;
            sweep(corner, 0, 1);
        }
    }

    /// Solves in place.
    ///
    /// @param stride between neighbours in `x`, so that columns of a plane are solved without a copy
    void solve(double[] x, int offset, int stride) {
        sweep(x, offset, stride);
        if (ring) {
            int last = offset + (diagonal.length - 1) * stride;
            double w = -r / gamma;
            double factor = (x[offset] + w * x[last]) / (1 + corner[0] + w * corner[diagonal.length - 1]);
            for (int i = 0; i < diagonal.length; i++) {
                x[offset + i * stride] -= factor * corner[i];
            }
        }
    }

    private void sweep(double[] x, int offset, int stride) {
        int n = diagonal.length;
        x[offset] *= inverse[0];
        for (int i = 1; i < n; i++) {
            int at = offset + i * stride;
            x[at] = (x[at] + r * x[at - stride]) * inverse[i];
        }
        for (int i = n - 2; i >= 0; i--) {
            int at = offset + i * stride;
            x[at] -= upper[i] * x[at + stride];
        }
    }

    /// Solves all columns of a square plane at once, row by row, which the machine does many at a time; not
    /// for rings.
    void solveColumns(double[] x) {
        int n = diagonal.length;
        for (int j = 0; j < n; j++) {
            x[j] *= inverse[0];
        }
        for (int i = 1; i < n; i++) {
            double scale = inverse[i];
            int at = i * n;
            for (int j = 0; j < n; j++) {
                x[at + j] = (x[at + j] + r * x[at - n + j]) * scale;
            }
        }
        for (int i = n - 2; i >= 0; i--) {
            double above = upper[i];
            int at = i * n;
            for (int j = 0; j < n; j++) {
                x[at + j] -= above * x[at + n + j];
            }
        }
    }
}
