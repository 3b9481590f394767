package awl.token.jinja;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.function.Function;

/// The blocks of a template: programs of their own, run where they stand and as methods of `self`.
final class Blocks {
    private final Set<String> names = new HashSet<>();
    private final Queue<Stmt.Block> waiting = new ArrayDeque<>();
    private final Map<String, Program> compiled = new LinkedHashMap<>();

    /// Blocks may contain blocks, which join the queue while it is worked off.
    void compile(Function<Stmt.Block, Program> compiler) {
        for (Stmt.Block block = waiting.poll(); block != null; block = waiting.poll()) {
            compiled.put(block.name(), compiler.apply(block));
        }
    }

    /// What runs where the block stands.
    Exec statement(Stmt.Block block, Scope scope) {
        if (!names.add(block.name())) {
            throw Fault.syntax("block '" + block.name() + "' defined twice", block.line());
        }
        waiting.add(block);
        Map<String, Scope.Slot> locals = new LinkedHashMap<>();
        if (block.scoped()) {
            scope.symbols.visible().forEach((name, ident) -> locals.put(name, scope.slot(ident)));
        }
        return (a, out) -> {
            if (block.required()) {
                throw Fault.runtime("Required block '" + block.name() + "' not found");
            }
            Context context = a.context;
            if (block.scoped()) {
                Map<String, Object> values = new LinkedHashMap<>();
                locals.forEach((name, slot) -> values.put(name, slot.get(a)));
                context = context.derive(values);
            }
            Program program = compiled.get(block.name());
            if (program == null) {
                throw Fault.runtime("block '" + block.name() + "' is not compiled");
            }
            a.render.enter();
            program.run(a.render, context, out);
            a.render.leave();
            return Exec.Signal.NEXT;
        };
    }

    Dict self(Context context) {
        Dict self = new Dict();
        compiled.forEach((name, block) -> self.put(name, Builtin.of(name, "", (render, _) -> {
            StringBuilder text = new StringBuilder();
            render.enter();
            block.run(render, context, text);
            render.leave();
            return render.textOf(text);
        })));
        return self;
    }
}
