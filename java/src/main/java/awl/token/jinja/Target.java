package awl.token.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// What an assignment or a loop writes to.
@FunctionalInterface
interface Target {
    /// Writes the value, and gives it back as seen through the target: what was unpacked comes back as a
    /// tuple.
    Object assign(Activation activation, Object value);

    static Target compile(Expr target, Scope scope) {
        return switch (target) {
            case Expr.Name name -> name(name.name(), scope);
            case Expr.NamespaceTarget namespace -> {
                Scope.Slot slot = scope.slot(namespace.name());
                String attribute = namespace.attribute();
                yield (a, value) -> {
                    if (!(slot.get(a) instanceof Namespace owner)) {
                        throw Fault.runtime("cannot assign attribute on non-namespace object");
                    }
                    owner.set(attribute, value);
                    return value;
                };
            }
            case Expr.TupleOf tuple -> {
                Target[] parts =
                        tuple.items().stream().map(item -> compile(item, scope)).toArray(Target[]::new);
                yield (a, value) -> unpack(parts, a, value);
            }
            default -> throw Fault.syntax("can't assign to this", target.line());
        };
    }

    private static Target name(String name, Scope scope) {
        Scope.Slot slot = scope.slot(name);
        if (!scope.toplevel) {
            return (a, value) -> {
                slot.set(a, value);
                return value;
            };
        }
        return (a, value) -> {
            slot.set(a, value);
            a.context.export(name, value);
            return value;
        };
    }

    private static Object unpack(Target[] parts, Activation activation, Object value) {
        if (value instanceof Undefined || Iterators.iterable(value)) {
            Iterator<Object> items = Iterators.of(value);
            List<Object> found = new ArrayList<>(parts.length);
            while (items.hasNext() && found.size() < parts.length) {
                found.add(items.next());
            }
            if (found.size() < parts.length) {
                throw Fault.value(
                        "not enough values to unpack (expected " + parts.length + ", got " + found.size() + ")");
            }
            if (items.hasNext()) {
                throw Fault.value("too many values to unpack (expected " + parts.length + ")");
            }
            List<Object> seen = new ArrayList<>(parts.length);
            for (int i = 0; i < parts.length; i++) {
                seen.add(parts[i].assign(activation, found.get(i)));
            }
            return new Tuple(seen);
        }
        throw Fault.type("cannot unpack non-iterable " + Values.typeName(value) + " object");
    }
}
