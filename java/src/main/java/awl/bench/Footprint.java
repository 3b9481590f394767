package awl.bench;

import awl.ConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// How much memory a case will take at once, as a sum that can be shown.
public final class Footprint {

    private static final double GIB = 1L << 30;

    /// @param what with its shape, such as `W [49152, 576] fp32`
    private record Part(String what, double bytes) {}

    private final List<Part> parts = new ArrayList<>();

    /// Adds `count` matrices of one kind.
    ///
    /// @param elementBytes of a number
    public Footprint add(String what, int count, long rows, long columns, int elementBytes) {
        String times = count == 1 ? "" : count + " x ";
        parts.add(new Part(
                "%s%s [%,d, %,d] of %d bytes".formatted(times, what, rows, columns, elementBytes),
                (double) count * rows * columns * elementBytes));
        return this;
    }

    public double bytes() {
        return parts.stream().mapToDouble(Part::bytes).sum();
    }

    /// @throws ConfigException where it is more than there is, with the sum
    void requireFits(String label, double freeBytes) {
        if (bytes() <= freeBytes) {
            return;
        }
        throw new ConfigException(("%s: needs %s, and %s is free: %s. Measure fewer rows (--rows), a smaller vocabulary"
                        + " (--vocab) or width (--hidden), or another --preset")
                .formatted(label, gib(bytes()), gib(freeBytes), this));
    }

    @Override
    public String toString() {
        return parts.stream().map(part -> part.what + " = " + gib(part.bytes)).collect(Collectors.joining(" + "));
    }

    private static String gib(double bytes) {
        return String.format(Locale.ROOT, "%,.2f GiB", bytes / GIB);
    }
}
