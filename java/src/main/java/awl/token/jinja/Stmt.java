package awl.token.jinja;

import java.util.List;

/// Statements as parsed.
sealed interface Stmt {
    int line();

    /// Text and printed expressions that follow one another.
    record Output(List<Part> parts, int line) implements Stmt {}

    /// A piece of an [Output]: literal text, or an expression to print.
    sealed interface Part {
        record Data(String text) implements Part {}

        record Print(Expr expression) implements Part {}
    }

    record If(List<Branch> branches, List<Stmt> otherwise, int line) implements Stmt {}

    record Branch(Expr test, List<Stmt> body) {}

    /// A loop; `test` is [Expr.Absent] where all items count.
    record For(Expr target, Expr items, Expr test, boolean recursive, List<Stmt> body, List<Stmt> otherwise, int line)
            implements Stmt {}

    record Assign(Expr target, Expr value, int line) implements Stmt {}

    /// `{% set x %}...{% endset %}`; the filter is [Expr.Absent] or a chain of filters over the text.
    record AssignBlock(Expr target, Expr filter, List<Stmt> body, int line) implements Stmt {}

    record With(List<Expr> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

    /// Parameters of a macro or call block; defaults belong to the last parameters.
    record Parameters(List<Expr.Name> names, List<Expr> defaults) {
        static final Parameters NONE = new Parameters(List.of(), List.of());
    }

    record MacroDef(String name, Parameters parameters, List<Stmt> body, int line) implements Stmt {}

    record CallBlock(Expr.Call call, Parameters parameters, List<Stmt> body, int line) implements Stmt {}

    /// Text that the model wrote; its place in the result is recorded.
    record Generation(List<Stmt> body, int line) implements Stmt {}

    record FilterBlock(Expr filter, List<Stmt> body, int line) implements Stmt {}

    record Autoescape(Expr on, List<Stmt> body, int line) implements Stmt {}

    record Block(String name, boolean scoped, boolean required, List<Stmt> body, int line) implements Stmt {}

    record Break(int line) implements Stmt {}

    record Continue(int line) implements Stmt {}

    /// `include`, `import`, `from` or `extends`: understood, and refused when reached, for there is nothing
    /// to load from.
    record Refused(String tag, Expr template, List<Expr.Name> targets, int line) implements Stmt {}
}
