package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;

/// A compiled expression.
@FunctionalInterface
interface Eval {
    Object eval(Activation activation);

    /// The values of several, in order.
    static List<Object> all(Eval[] items, Activation activation) {
        List<Object> values = new ArrayList<>(items.length);
        for (Eval item : items) {
            values.add(item.eval(activation));
        }
        return values;
    }
}
