package awl.token.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;

/// An arithmetic progression, as `range(start, stop, step)` makes it; never longer than the sandbox allows.
record Range(long start, long stop, long step) {
    /// The sandbox of the reference refuses longer ranges.
    static final long MAX_LENGTH = 100_000;

    static Range of(long start, long stop, long step) {
        if (step == 0) {
            throw Fault.value("range() arg 3 must not be zero");
        }
        Range range = new Range(start, stop, step);
        if (range.exactLength().compareTo(java.math.BigInteger.valueOf(MAX_LENGTH)) > 0) {
            throw Fault.arithmetic(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MAX_LENGTH + ").");
        }
        return range;
    }

    private java.math.BigInteger exactLength() {
        var one = java.math.BigInteger.ONE;
        var from = java.math.BigInteger.valueOf(start);
        var to = java.math.BigInteger.valueOf(stop);
        var by = java.math.BigInteger.valueOf(step);
        var span = step > 0 ? to.subtract(from) : from.subtract(to);
        if (span.signum() <= 0) {
            return java.math.BigInteger.ZERO;
        }
        return span.subtract(one).divide(by.abs()).add(one);
    }

    int length() {
        return exactLength().intValueExact();
    }

    long at(long index) {
        return start + index * step;
    }

    boolean contains(long value) {
        if (step > 0 ? (value < start || value >= stop) : (value > start || value <= stop)) {
            return false;
        }
        return (value - start) % step == 0;
    }

    Iterator<Object> iterator() {
        int length = length();
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < length;
            }

            @Override
            public Object next() {
                if (next >= length) {
                    throw new NoSuchElementException();
                }
                return at(next++);
            }
        };
    }
}
