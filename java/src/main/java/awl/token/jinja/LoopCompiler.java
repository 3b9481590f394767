package awl.token.jinja;

import java.util.List;

/// One `for` statement: its scopes, the filter of its items, and how it runs.
final class LoopCompiler {
    private final Compiler compiler;
    private final Stmt.For loop;
    private final Scope outer;

    LoopCompiler(Compiler compiler, Stmt.For loop, Scope outer) {
        this.compiler = compiler;
        this.loop = loop;
        this.outer = outer;
    }

    Exec compile() {
        boolean extended = loop.recursive()
                || NameSearch.undeclared(loop.body(), "loop").contains("loop")
                || NameSearch.hasScopedBlock(loop.body());
        if (NameSearch.stores(List.of(loop), "loop")) {
            throw Fault.syntax("Can't assign to special loop variable in for-loop target", loop.line());
        }
        Scope inner = loop.recursive() ? outer.inner().asFunction() : outer.inner();
        Scope scope = inner.looping(true);
        if (extended) {
            scope.symbols.declareParameter("loop");
        }
        SymbolVisitor.parameters(scope.symbols, loop.target());
        SymbolVisitor.body(scope.symbols, loop.body());
        Eval items = compiler.expressions.compile(loop.items(), outer);
        ItemFilter filter = loop.test() instanceof Expr.Absent ? ItemFilter.NONE : filter(scope);
        Target target = Target.compile(loop.target(), scope);
        Scope.Slot self = extended ? scope.slot("loop") : new Scope.Slot(0, scope.function.hidden());
        Exec body = compiler.body(loop.body(), scope);
        Exec otherwise = otherwise(loop.recursive() ? outer.inner().in(scope.function) : outer.inner());
        Turns turns = new Turns(filter, target, self, scope.border(), body, otherwise);
        return loop.recursive()
                ? recursive(items, turns, scope.function)
                : (a, out) -> turns.run(a, out, filter.over(a, items.eval(a)), LoopContext.NOT_RECURSIVE, 0);
    }

    /// The `else` part. It has a scope even where there is nothing in it.
    private Exec otherwise(Scope scope) {
        SymbolVisitor.body(scope.symbols, loop.otherwise());
        return scope.bordered(compiler.body(loop.otherwise(), scope));
    }

    /// `for ... if test`: the test runs in a function of its own, which sees the target but not `loop`.
    private ItemFilter filter(Scope loopScope) {
        Scope scope = outer.inner().asFunction();
        SymbolVisitor.parameters(scope.symbols, loop.target());
        SymbolVisitor.expression(scope.symbols, loop.test());
        Target target = Target.compile(loop.target(), loopScope.in(scope.function));
        Eval test = compiler.expressions.compile(loop.test(), scope);
        Scope.Border border = scope.border();
        Scope.Function function = scope.function;
        return (a, items) -> Iterators.lazy(() -> {
            Activation own = a.inner(function.size());
            border.enter(own);
            return Iterators.filter(Iterators.map(Iterators.of(items), item -> target.assign(own, item)), _ -> {
                own.render.step();
                return Values.truth(test.eval(own));
            });
        });
    }

    private Exec recursive(Eval items, Turns turns, Scope.Function function) {
        return (a, out) -> {
            LoopContext.Recursion[] self = new LoopContext.Recursion[1];
            self[0] = (inside, depth) -> {
                a.render.enter();
                StringBuilder text = new StringBuilder();
                turns.run(a.inner(function.size()), text, turns.filter.over(a, inside), self[0], depth);
                a.render.leave();
                return a.render.textOf(text);
            };
            a.render.emitText(out, self[0].render(items.eval(a), 0));
            return Exec.Signal.NEXT;
        };
    }

    /// Which items a loop takes.
    @FunctionalInterface
    private interface ItemFilter {
        ItemFilter NONE = (_, items) -> items;

        Object over(Activation activation, Object items);
    }

    /// The turns of a loop.
    private record Turns(
            ItemFilter filter, Target target, Scope.Slot self, Scope.Border border, Exec body, Exec otherwise) {

        /// @param items what the filter has left of them
        Exec.Signal run(Activation a, StringBuilder out, Object items, LoopContext.Recursion recursion, long depth) {
            LoopContext loop = new LoopContext(items, Iterators.of(items), recursion, depth);
            // as in the reference, a turn that ends by `continue` or `break` does not keep the `else` part
            // from running
            boolean completed = false;
            while (loop.hasNext()) {
                a.render.step();
                Object item = loop.next();
                self.set(a, loop);
                target.assign(a, item);
                border.enter(a);
                Exec.Signal signal = body.run(a, out);
                if (signal == Exec.Signal.BREAK) {
                    break;
                }
                completed |= signal == Exec.Signal.NEXT;
            }
            border.leave(a);
            return completed ? Exec.Signal.NEXT : otherwise.run(a, out);
        }
    }
}
