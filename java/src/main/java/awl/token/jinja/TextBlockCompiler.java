package awl.token.jinja;

import java.util.List;

/// `set` and `filter` blocks: the text of a body goes through filters and is assigned or written.
record TextBlockCompiler(Compiler compiler) {

    /// What becomes of the filtered text.
    private interface Use {
        void accept(Activation activation, StringBuilder out, Object text);
    }

    Exec assign(Stmt.AssignBlock assign, Scope outer) {
        Scope scope = outer.inner();
        SymbolVisitor.body(scope.symbols, assign.body());
        Target target = Target.compile(assign.target(), outer);
        return filtered(
                assign.body(),
                assign.filter(),
                scope,
                (a, _, text) -> target.assign(a, a.render.autoescape ? new Markup(Repr.str(a.render, text)) : text));
    }

    Exec write(Stmt.FilterBlock block, Scope outer) {
        Scope scope = outer.inner();
        SymbolVisitor.body(scope.symbols, block.body());
        SymbolVisitor.expression(scope.symbols, block.filter());
        return filtered(block.body(), block.filter(), scope, (a, out, text) -> a.render.emitText(out, text));
    }

    private Exec filtered(List<Stmt> statements, Expr filters, Scope scope, Use use) {
        Exec body = compiler.body(statements, scope);
        int buffer = scope.function.hidden();
        Eval value = compiler.expressions.filterChain(filters, a -> a.slots[buffer], scope);
        return scope.bordered((a, out) -> {
            StringBuilder text = new StringBuilder();
            Exec.Signal signal = body.run(a, text);
            if (signal == Exec.Signal.NEXT) {
                a.slots[buffer] = a.render.textOf(text);
                use.accept(a, out, value.eval(a));
            }
            return signal;
        });
    }
}
