package awl.token.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the compiler knows at one place of a template: its names, the function whose variables they are, and
/// a few facts that decide how the statements there are translated.
final class Scope {
    /// The variables of one function, numbered. A variable belongs to the innermost function that starts at
    /// or outside the variable's level.
    static final class Function {
        private final @Nullable Function outer;
        private final int base;
        private final Map<Symbols.Ident, Integer> indices = new HashMap<>();
        private int size;

        Function(@Nullable Function outer, int base) {
            this.outer = outer;
            this.base = base;
        }

        /// Known once the whole function is compiled.
        int size() {
            return size;
        }

        private int index(Symbols.Ident ident) {
            return indices.computeIfAbsent(ident, _ -> size++);
        }

        /// A variable without a name, for the compiler's own use.
        int hidden() {
            return size++;
        }
    }

    /// A variable as code reaches it: so many functions out, at an index.
    record Slot(int hops, int index) {
        Object get(Activation activation) {
            return (hops == 0 ? activation : activation.out(hops)).slots[index];
        }

        void set(Activation activation, Object value) {
            (hops == 0 ? activation : activation.out(hops)).slots[index] = value;
        }
    }

    final Symbols symbols;
    final Function function;

    /// Whether assignments here are the template's own exports.
    final boolean toplevel;

    /// Whether `break` and `continue` have a loop to act on.
    final boolean inLoop;

    /// Whether an unknown filter or test may wait until it is reached: directly inside an `if`.
    final boolean soft;

    private Scope(Symbols symbols, Function function, boolean toplevel, boolean inLoop, boolean soft) {
        this.symbols = symbols;
        this.function = function;
        this.toplevel = toplevel;
        this.inLoop = inLoop;
        this.soft = soft;
    }

    static Scope root(boolean toplevel) {
        Symbols symbols = Symbols.root();
        return new Scope(symbols, new Function(null, 0), toplevel, false, false);
    }

    Scope inner() {
        return new Scope(symbols.inner(), function, false, inLoop, false);
    }

    Scope softened() {
        return new Scope(symbols, function, toplevel, inLoop, true);
    }

    Scope looping(boolean on) {
        return new Scope(symbols, function, toplevel, on, soft);
    }

    /// The same names as the variables of a function of their own.
    Scope asFunction() {
        return in(new Function(function, symbols.level));
    }

    Scope in(Function other) {
        return new Scope(symbols, other, toplevel, false, soft);
    }

    Slot slot(Symbols.Ident ident) {
        int hops = 0;
        Function owner = function;
        while (ident.level() < owner.base && owner.outer != null) {
            owner = owner.outer;
            hops++;
        }
        return new Slot(hops, owner.index(ident));
    }

    Slot slot(String name) {
        return slot(symbols.ref(name));
    }

    /// What entering and leaving a scope does to its variables.
    static final class Border {
        private record Entry(Slot slot, Symbols.Load load, Slot source) {}

        private final List<Entry> entries = new ArrayList<>();

        void enter(Activation activation) {
            for (Entry entry : entries) {
                switch (entry.load) {
                    case Symbols.Load.Parameter _ -> {}
                    case Symbols.Load.Resolve resolve ->
                        entry.slot.set(activation, activation.context.resolve(resolve.name()));
                    case Symbols.Load.Alias _ -> entry.slot.set(activation, entry.source.get(activation));
                    case Symbols.Load.Unset _ -> entry.slot.set(activation, Missing.MISSING);
                }
            }
        }

        void leave(Activation activation) {
            for (Entry entry : entries) {
                entry.slot.set(activation, Missing.MISSING);
            }
        }
    }

    /// Code inside the border of this scope, which it leaves where it goes on to its end; taken once the scope's
    /// names are complete.
    Exec bordered(Exec inside) {
        Border border = border();
        return (a, out) -> {
            border.enter(a);
            Exec.Signal signal = inside.run(a, out);
            if (signal == Exec.Signal.NEXT) {
                border.leave(a);
            }
            return signal;
        };
    }

    /// The border of this scope; taken once its names are complete.
    Border border() {
        Border border = new Border();
        symbols.loads().forEach((ident, load) -> {
            Slot slot = slot(ident);
            Slot source = load instanceof Symbols.Load.Alias alias ? slot(alias.outer()) : slot;
            border.entries.add(new Border.Entry(slot, load, source));
        });
        return border;
    }
}
