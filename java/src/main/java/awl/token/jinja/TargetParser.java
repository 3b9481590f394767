package awl.token.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What a template writes to: targets of assignments and loops, parameters, names of macros and imports.
abstract class TargetParser extends ExpressionParser {

    TargetParser(TokenStream tokens) {
        super(tokens);
    }

    /// What an assignment may write to: a name, an attribute of a namespace where allowed, or a tuple of
    /// these.
    final Expr target(boolean withNamespace, String endName, Expr.Use use) {
        return assignable(tuple(() -> primary(withNamespace), endName, false), use);
    }

    private static Expr assignable(Expr target, Expr.Use use) {
        return switch (target) {
            case Expr.Name name -> new Expr.Name(name.name(), use, name.line());
            case Expr.NamespaceTarget _ -> target;
            case Expr.TupleOf tuple -> {
                List<Expr> items = new ArrayList<>();
                tuple.items().forEach(item -> items.add(assignable(item, use)));
                yield new Expr.TupleOf(items, tuple.line());
            }
            default ->
                throw Fault.syntax(
                        "can't assign to '" + target.getClass().getSimpleName().toLowerCase(Locale.ROOT) + "'",
                        target.line());
        };
    }

    final Stmt.Parameters parameters() {
        List<Expr.Name> names = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        tokens.expectOperator("(");
        while (!tokens.isOperator(")")) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            int line = tokens.current().line();
            String name = plainName();
            if (!seen.add(name)) {
                throw Fault.syntax("duplicate argument '" + name + "'", line);
            }
            if (tokens.skipOperator("=")) {
                defaults.add(expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.fail("non-default argument follows default argument");
            }
            names.add(new Expr.Name(name, Expr.Use.PARAMETER, line));
        }
        tokens.next();
        return new Stmt.Parameters(names, defaults);
    }

    final String plainName() {
        Token token = tokens.expect(Token.Kind.NAME);
        if (Set.of("true", "false", "none", "True", "False", "None").contains(token.text())) {
            throw Fault.syntax("can't assign to 'name'", token.line());
        }
        return token.text();
    }
}
