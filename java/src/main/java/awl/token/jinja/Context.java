package awl.token.jinja;

import java.util.HashMap;
import java.util.Map;

/// Names that no scope of the template holds: what the template itself exported, the caller's variables, the
/// globals.
final class Context {
    private final Map<String, Object> exported = new HashMap<>();
    private final Map<String, Object> outer;

    Context(Map<String, Object> outer) {
        this.outer = outer;
    }

    /// The value, or [Missing#MISSING].
    Object resolve(String name) {
        Object own = exported.get(name);
        if (own != null) {
            return own;
        }
        Object given = outer.get(name);
        return given == null ? Missing.MISSING : given;
    }

    void export(String name, Object value) {
        exported.put(name, value);
    }

    /// A context of its own for a scoped block, which sees the local names around it.
    Context derive(Map<String, Object> locals) {
        Map<String, Object> all = new HashMap<>(outer);
        all.putAll(exported);
        locals.forEach((name, value) -> {
            if (value != Missing.MISSING) {
                all.put(name, value);
            }
        });
        return new Context(all);
    }
}
