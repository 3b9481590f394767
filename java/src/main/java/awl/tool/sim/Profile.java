package awl.tool.sim;

/// A temperature along a line at the start.
///
/// @param kind its form
/// @param size amplitude or height, degrees
/// @param mode half waves (whole waves on a ring) of a sine or cosine
/// @param from start of a heated part, m
/// @param to its end, m
public record Profile(Kind kind, double size, int mode, double from, double to) {

    public enum Kind {
        /// size * sin(mode pi x / L) between fixed ends, size * cos(mode pi x / L) between insulated ends,
        /// size * sin(2 mode pi x / L) on a ring
        WAVE,
        /// size in [from, to], zero elsewhere
        PATCH,
        /// size everywhere
        EVEN
    }

    public static Profile wave(double size, int mode) {
        return new Profile(Kind.WAVE, size, mode, 0, 0);
    }

    public static Profile patch(double size, double from, double to) {
        return new Profile(Kind.PATCH, size, 1, from, to);
    }

    public static Profile even(double size) {
        return new Profile(Kind.EVEN, size, 1, 0, 0);
    }

    /// Mean over a cell `[a, b]`.
    double mean(double a, double b, double length, Boundary boundary) {
        return switch (kind) {
            case EVEN -> size;
            case PATCH -> size * Math.max(0, Math.min(b, to) - Math.max(a, from)) / (b - a);
            case WAVE -> {
                double k = (boundary == Boundary.PERIODIC ? 2 : 1) * mode * Math.PI / length;
                double integral = boundary == Boundary.INSULATED
                        ? (Math.sin(k * b) - Math.sin(k * a)) / k
                        : (Math.cos(k * a) - Math.cos(k * b)) / k;
                yield size * integral / (b - a);
            }
        };
    }
}
