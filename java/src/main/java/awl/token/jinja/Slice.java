package awl.token.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// `value[start:stop:step]` with Python's rules for what is left out, negative or out of range.
record Slice(Object start, Object stop, Object step) {

    /// The positions a slice names in a sequence of some length.
    private record Positions(long first, long step, int count) {}

    private static long bound(Object value, long fallback) {
        if (value == None.NONE) {
            return fallback;
        }
        if (value instanceof BigInteger big) {
            return big.signum() < 0 ? Long.MIN_VALUE / 4 : Long.MAX_VALUE / 4;
        }
        if (value instanceof Undefined || !Numbers.isInteger(value)) {
            throw Fault.type("slice indices must be integers or None or have an __index__ method");
        }
        long number = Numbers.index(value);
        return Math.max(Long.MIN_VALUE / 4, Math.min(Long.MAX_VALUE / 4, number));
    }

    private Positions over(long length) {
        long by = bound(step, 1);
        if (by == 0) {
            throw Fault.value("slice step cannot be zero");
        }
        long low = by < 0 ? -1 : 0;
        long high = by < 0 ? length - 1 : length;
        long from = clamp(bound(start, by < 0 ? high : low), start, length, low, high);
        long to = clamp(bound(stop, by < 0 ? low : high), stop, length, low, high);
        long span = by < 0 ? from - to : to - from;
        long count = span <= 0 ? 0 : (span - 1) / Math.abs(by) + 1;
        return new Positions(from, by, (int) count);
    }

    private static long clamp(long value, Object written, long length, long low, long high) {
        if (written == None.NONE) {
            return value;
        }
        long position = value < 0 ? value + length : value;
        return Math.max(low, Math.min(high, position));
    }

    Object of(Render render, Object value) {
        return switch (value) {
            case String text -> text(render, text);
            case Markup markup -> new Markup(text(render, markup.text()));
            case List<?> list -> items(render, list);
            case Tuple tuple -> new Tuple(items(render, tuple.items));
            case Range range -> {
                Positions at = over(range.length());
                long first = range.at(at.first);
                long by = range.step() * at.step;
                yield new Range(first, first + by * at.count, by);
            }
            case Bytes bytes -> {
                Positions at = over(bytes.octets().length);
                byte[] picked = new byte[at.count];
                for (int i = 0; i < at.count; i++) {
                    picked[i] = bytes.octets()[(int) (at.first + i * at.step)];
                }
                yield new Bytes(picked);
            }
            case Undefined undefined -> throw undefined.fault();
            case Dict _ -> throw Fault.type("unhashable type: 'slice'");
            default -> throw Fault.type("'" + Values.typeName(value) + "' object is not subscriptable");
        };
    }

    /// The slice, or an undefined value where the value has no slices or the bounds are no integers.
    Object orUndefined(Render render, Object value) {
        try {
            return of(render, value);
        } catch (Fault fault) {
            if (fault.sort == Fault.Sort.TYPE) {
                return Undefined.because(fault.getMessage());
            }
            throw fault;
        }
    }

    private String text(Render render, String text) {
        Positions at = over(Text.length(text));
        render.charge(at.count);
        if (at.step == 1) {
            return Text.slice(text, (int) at.first, (int) at.first + at.count);
        }
        int[] points = text.codePoints().toArray();
        StringBuilder out = new StringBuilder(at.count);
        for (int i = 0; i < at.count; i++) {
            out.appendCodePoint(points[(int) (at.first + i * at.step)]);
        }
        return out.toString();
    }

    private List<Object> items(Render render, List<?> list) {
        Positions at = over(list.size());
        render.charge(at.count);
        List<Object> picked = new ArrayList<>(at.count);
        for (int i = 0; i < at.count; i++) {
            picked.add(list.get((int) (at.first + i * at.step)));
        }
        return picked;
    }
}
