package awl.token.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// The `loop` of a `for`: where it stands and what is around it. It reads ahead only when asked to.
final class LoopContext implements Callable {
    /// Renders the body of a recursive loop over other items, one level deeper.
    @FunctionalInterface
    interface Recursion {
        Object render(Object items, long depth);
    }

    /// A loop that is not recursive.
    static final Recursion NOT_RECURSIVE = (_, _) -> {
        throw Fault.type("The loop must have the 'recursive' marker to be called recursively.");
    };

    private final Object items;
    private final Recursion recursion;
    private final long depth0;
    private Iterator<Object> iterator;
    private long index0 = -1;
    private long length = -1;
    private Object ahead = Missing.MISSING;
    private Object current = Missing.MISSING;
    private Object before = Missing.MISSING;
    private Object lastChanged = Missing.MISSING;

    LoopContext(Object items, Iterator<Object> iterator, Recursion recursion, long depth0) {
        this.items = items;
        this.iterator = iterator;
        this.recursion = recursion;
        this.depth0 = depth0;
    }

    boolean hasNext() {
        return ahead != Missing.MISSING || iterator.hasNext();
    }

    Object next() {
        Object item = peek();
        ahead = Missing.MISSING;
        index0++;
        before = current;
        current = item;
        return item;
    }

    private Object peek() {
        if (ahead == Missing.MISSING && iterator.hasNext()) {
            ahead = iterator.next();
        }
        return ahead;
    }

    long length() {
        if (length < 0) {
            if (items instanceof OneShot) {
                List<Object> rest = new ArrayList<>();
                iterator.forEachRemaining(rest::add);
                iterator = rest.iterator();
                length = rest.size() + index0 + 1 + (ahead == Missing.MISSING ? 0 : 1);
            } else {
                length = Values.length(items);
            }
        }
        return length;
    }

    /// An attribute of the loop variable, or [Missing#MISSING].
    Object attribute(String name) {
        return switch (name) {
            case "index" -> index0 + 1;
            case "index0" -> index0;
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index0 - 1;
            case "first" -> index0 == 0;
            case "last" -> peek() == Missing.MISSING;
            case "length" -> length();
            case "depth" -> depth0 + 1;
            case "depth0" -> depth0;
            case "previtem" -> index0 == 0 ? Undefined.because("there is no previous item") : before;
            case "nextitem" -> {
                Object next = peek();
                yield next == Missing.MISSING ? Undefined.because("there is no next item") : next;
            }
            case "cycle" -> Builtin.of("cycle", "*args", (_, a) -> cycle((Tuple) a[0]));
            case "changed" -> Builtin.of("changed", "*value", (r, a) -> changed(r, a[0]));
            default -> Missing.MISSING;
        };
    }

    private Object cycle(Tuple values) {
        if (values.items.isEmpty()) {
            throw Fault.type("no items for cycling given");
        }
        return values.items.get((int) (index0 % values.items.size()));
    }

    private boolean changed(Render render, Object value) {
        if (lastChanged != Missing.MISSING && Values.equal(render, lastChanged, value)) {
            return false;
        }
        lastChanged = value;
        return true;
    }

    @Override
    public Object call(Render render, Arguments arguments) {
        Object[] bound = Signature.parse("iterable").bind("loop", arguments);
        return recursion.render(bound[0], depth0 + 1);
    }

    @Override
    public String name() {
        return "loop";
    }

    String repr() {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
