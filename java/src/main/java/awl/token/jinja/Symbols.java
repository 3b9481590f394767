package awl.token.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where the names of one scope live. Jinja decides this before anything runs: a name assigned anywhere in a
/// scope belongs to that scope, starts from the outer value if there is one, and never leaks out. This is the
/// reference's `idtracking.Symbols`, rule by rule, because the odd corners (assignment in one branch of an
/// `if`, a name read before it is set in a loop) are visible in the output.
final class Symbols {
    /// A variable: a name at a level of nesting.
    record Ident(int level, String name) {}

    /// How a variable gets its value when its scope is entered.
    sealed interface Load {
        /// It is a parameter and has it already.
        record Parameter() implements Load {}

        /// From the context.
        record Resolve(String name) implements Load {}

        /// From the variable of an outer scope.
        record Alias(Ident outer) implements Load {}

        /// Not at all, until assigned.
        record Unset() implements Load {}
    }

    final int level;
    private final @Nullable Symbols parent;
    private final Map<String, Ident> refs = new LinkedHashMap<>();
    private final Map<Ident, Load> loads = new LinkedHashMap<>();
    private final Set<String> stores = new HashSet<>();

    private Symbols(int level, @Nullable Symbols parent) {
        this.level = level;
        this.parent = parent;
    }

    static Symbols root() {
        return new Symbols(0, null);
    }

    Symbols inner() {
        return new Symbols(level + 1, this);
    }

    Symbols copy() {
        Symbols copy = new Symbols(level, parent);
        copy.refs.putAll(refs);
        copy.loads.putAll(loads);
        copy.stores.addAll(stores);
        return copy;
    }

    Map<Ident, Load> loads() {
        return loads;
    }

    private Ident define(String name, Load load) {
        Ident ident = new Ident(level, name);
        refs.put(name, ident);
        loads.put(ident, load);
        return ident;
    }

    private @Nullable Ident find(String name) {
        for (Symbols scope = this; scope != null; scope = scope.parent) {
            Ident found = scope.refs.get(name);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /// The variable a name stands for here.
    Ident ref(String name) {
        Ident found = find(name);
        if (found == null) {
            throw Fault.syntax(
                    "Tried to resolve a name to a reference that was unknown to the frame ('" + name + "')", 0);
        }
        return found;
    }

    void store(String name) {
        stores.add(name);
        if (!refs.containsKey(name)) {
            Ident outer = parent == null ? null : parent.find(name);
            define(name, outer == null ? new Load.Unset() : new Load.Alias(outer));
        }
    }

    Ident declareParameter(String name) {
        stores.add(name);
        return define(name, new Load.Parameter());
    }

    void load(String name) {
        if (find(name) == null) {
            define(name, new Load.Resolve(name));
        }
    }

    /// Joins what the branches of an `if` did: a name set in some of them keeps its outer value in the
    /// others.
    void join(List<Symbols> branches) {
        Set<String> stored = new HashSet<>();
        for (Symbols branch : branches) {
            stored.addAll(branch.stores);
        }
        stored.removeAll(stores);
        for (Symbols branch : branches) {
            refs.putAll(branch.refs);
            loads.putAll(branch.loads);
            stores.addAll(branch.stores);
        }
        for (String name : stored) {
            Ident outer = parent == null ? null : parent.find(name);
            loads.put(ref(name), outer == null ? new Load.Resolve(name) : new Load.Alias(outer));
        }
    }

    /// Every name assigned here or further out, with its variable: what a scoped block sees.
    Map<String, Ident> visible() {
        Map<String, Ident> all = new LinkedHashMap<>();
        for (Symbols scope = this; scope != null; scope = scope.parent) {
            for (String name : new ArrayList<>(scope.stores)) {
                all.putIfAbsent(name, ref(name));
            }
        }
        return all;
    }
}
