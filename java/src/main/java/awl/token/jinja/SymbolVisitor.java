package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;

/// Walks the statements of one scope and tells its [Symbols] what is read and written there. It stops at the
/// borders of inner scopes, which are walked when the compiler enters them.
final class SymbolVisitor {
    private Symbols symbols;

    private SymbolVisitor(Symbols symbols) {
        this.symbols = symbols;
    }

    static void body(Symbols symbols, List<Stmt> body) {
        SymbolVisitor visitor = new SymbolVisitor(symbols);
        body.forEach(visitor::statement);
    }

    static void expression(Symbols symbols, Expr expression) {
        new SymbolVisitor(symbols).visit(expression);
    }

    /// Declares every name of a loop's target as a parameter.
    static void parameters(Symbols symbols, Expr target) {
        if (target instanceof Expr.Name name) {
            symbols.declareParameter(name.name());
        } else {
            target.children().forEach(child -> parameters(symbols, child));
        }
    }

    private void visit(Expr expression) {
        switch (expression) {
            case Expr.Name name -> {
                switch (name.use()) {
                    case LOAD -> symbols.load(name.name());
                    case STORE -> symbols.store(name.name());
                    case PARAMETER -> symbols.declareParameter(name.name());
                }
            }
            case Expr.NamespaceTarget target -> symbols.load(target.name());
            default -> expression.children().forEach(this::visit);
        }
    }

    private void statement(Stmt statement) {
        switch (statement) {
            case Stmt.Output output -> {
                for (Stmt.Part part : output.parts()) {
                    if (part instanceof Stmt.Part.Print print) {
                        visit(print.expression());
                    }
                }
            }
            case Stmt.If choice -> {
                List<Stmt.Branch> all = choice.branches();
                branches(all.getFirst().test(), all.getFirst().body(), all.subList(1, all.size()), choice.otherwise());
            }
            case Stmt.For loop -> visit(loop.items());
            case Stmt.Assign assign -> {
                visit(assign.value());
                visit(assign.target());
            }
            case Stmt.AssignBlock assign -> visit(assign.target());
            case Stmt.With with -> with.values().forEach(this::visit);
            case Stmt.MacroDef macro -> symbols.store(macro.name());
            case Stmt.CallBlock block -> visit(block.call());
            case Stmt.FilterBlock block -> visit(block.filter());
            case Stmt.Refused refused -> {
                visit(refused.template());
                refused.targets().forEach(this::visit);
            }
            case Stmt.Generation _, Stmt.Autoescape _, Stmt.Block _, Stmt.Break _, Stmt.Continue _ -> {}
        }
    }

    /// The branches of an `if` are walked on copies and joined; all `elif` branches share one copy, one
    /// inside the other.
    private void branches(Expr test, List<Stmt> body, List<Stmt.Branch> elifs, List<Stmt> otherwise) {
        visit(test);
        Symbols whole = symbols;
        List<Symbols> parts = new ArrayList<>();
        symbols = whole.copy();
        body.forEach(this::statement);
        parts.add(symbols);
        symbols = whole.copy();
        elifs.forEach(branch -> branches(branch.test(), branch.body(), List.of(), List.of()));
        parts.add(symbols);
        symbols = whole.copy();
        otherwise.forEach(this::statement);
        parts.add(symbols);
        symbols = whole;
        symbols.join(parts);
    }
}
