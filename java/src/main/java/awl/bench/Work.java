package awl.bench;

/// What a case has to do at least, whoever does it.
///
/// @param amount floating-point operations (a multiply-add is two), or bytes that must be read and written once
/// @param bound which of the two
public record Work(double amount, Bound bound) {

    /// What a kernel is limited by.
    public enum Bound {
        ARITHMETIC("GFLOP/s"),
        MEMORY("GB/s");

        private final String unit;

        Bound(String unit) {
            this.unit = unit;
        }

        public String unit() {
            return unit;
        }
    }

    static Work flop(double amount) {
        return new Work(amount, Bound.ARITHMETIC);
    }

    static Work bytes(double amount) {
        return new Work(amount, Bound.MEMORY);
    }

    /// Giga-units a second.
    public double rate(double seconds) {
        return amount / seconds * 1e-9;
    }
}
