package awl.token.jinja;

/// Text and printed expressions.
final class OutputCompiler {

    private OutputCompiler() {}

    static Exec compile(Stmt.Output output, Scope scope, ExpressionCompiler expressions) {
        Exec[] parts = output.parts().stream()
                .map(part -> switch (part) {
                    case Stmt.Part.Data data -> text(data.text());
                    case Stmt.Part.Print print -> print(print.expression(), scope, expressions);
                })
                .toArray(Exec[]::new);
        return (a, out) -> {
            for (Exec part : parts) {
                part.run(a, out);
            }
            return Exec.Signal.NEXT;
        };
    }

    private static Exec text(String text) {
        return (a, out) -> {
            a.render.emit(out, text);
            return Exec.Signal.NEXT;
        };
    }

    private static Exec print(Expr expression, Scope scope, ExpressionCompiler expressions) {
        Eval value = expressions.printed(expression, scope);
        Escaping.Known escaping = expressions.escaping.of(expression);
        return (a, out) -> {
            Render render = a.render;
            boolean escape = switch (escaping) {
                case OFF -> false;
                case ON -> true;
                case LATE -> render.autoescape;
            };
            Object result = value.eval(a);
            render.emit(out, escape ? Markup.escape(render, result).text() : Repr.str(render, result));
            return Exec.Signal.NEXT;
        };
    }
}
