package awl.token.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Looks for names through whole statements, inner scopes included, in the order the reference walks its
/// tree.
final class NameSearch {
    private NameSearch() {}

    /// Those of the names that are read before anything of that name is bound. Blocks are not searched.
    static Set<String> undeclared(List<Stmt> body, String... names) {
        Set<String> wanted = new HashSet<>(Set.of(names));
        Set<String> found = new HashSet<>();
        walk(body, false, name -> {
            if (name.use() == Expr.Use.LOAD && wanted.contains(name.name())) {
                found.add(name.name());
            } else {
                wanted.remove(name.name());
            }
        });
        return found;
    }

    /// Whether a name is assigned anywhere in the statements.
    static boolean stores(List<Stmt> body, String wanted) {
        boolean[] found = new boolean[1];
        walk(
                body,
                true,
                name -> found[0] |= name.use() == Expr.Use.STORE && name.name().equals(wanted));
        return found[0];
    }

    static boolean hasScopedBlock(List<Stmt> body) {
        boolean[] found = new boolean[1];
        body.forEach(statement -> {
            found[0] |= statement instanceof Stmt.Block block && block.scoped();
            bodies(statement).forEach(inner -> found[0] |= hasScopedBlock(inner));
        });
        return found[0];
    }

    static boolean hasGeneration(List<Stmt> body) {
        boolean[] found = new boolean[1];
        body.forEach(statement -> {
            found[0] |= statement instanceof Stmt.Generation;
            bodies(statement).forEach(inner -> found[0] |= hasGeneration(inner));
        });
        return found[0];
    }

    private static List<List<Stmt>> bodies(Stmt statement) {
        return switch (statement) {
            case Stmt.If choice -> {
                List<List<Stmt>> all = new java.util.ArrayList<>();
                choice.branches().forEach(branch -> all.add(branch.body()));
                all.add(choice.otherwise());
                yield all;
            }
            case Stmt.For loop -> List.of(loop.body(), loop.otherwise());
            case Stmt.AssignBlock assign -> List.of(assign.body());
            case Stmt.With with -> List.of(with.body());
            case Stmt.MacroDef macro -> List.of(macro.body());
            case Stmt.CallBlock block -> List.of(block.body());
            case Stmt.Generation block -> List.of(block.body());
            case Stmt.FilterBlock block -> List.of(block.body());
            case Stmt.Autoescape block -> List.of(block.body());
            case Stmt.Block block -> List.of(block.body());
            case Stmt.Output _, Stmt.Assign _, Stmt.Refused _, Stmt.Break _, Stmt.Continue _ -> List.of();
        };
    }

    private static void walk(List<Stmt> body, boolean intoBlocks, Consumer<Expr.Name> action) {
        body.forEach(statement -> walk(statement, intoBlocks, action));
    }

    private static void walk(Stmt statement, boolean intoBlocks, Consumer<Expr.Name> action) {
        switch (statement) {
            case Stmt.Output output ->
                output.parts().forEach(part -> {
                    if (part instanceof Stmt.Part.Print print) {
                        names(print.expression(), action);
                    }
                });
            case Stmt.If choice -> {
                choice.branches().forEach(branch -> {
                    names(branch.test(), action);
                    walk(branch.body(), intoBlocks, action);
                });
                walk(choice.otherwise(), intoBlocks, action);
            }
            case Stmt.For loop -> {
                names(loop.target(), action);
                names(loop.items(), action);
                walk(loop.body(), intoBlocks, action);
                walk(loop.otherwise(), intoBlocks, action);
                names(loop.test(), action);
            }
            case Stmt.Assign assign -> {
                names(assign.target(), action);
                names(assign.value(), action);
            }
            case Stmt.AssignBlock assign -> {
                names(assign.target(), action);
                names(assign.filter(), action);
                walk(assign.body(), intoBlocks, action);
            }
            case Stmt.With with -> {
                with.targets().forEach(target -> names(target, action));
                with.values().forEach(value -> names(value, action));
                walk(with.body(), intoBlocks, action);
            }
            case Stmt.MacroDef macro -> {
                parameters(macro.parameters(), action);
                walk(macro.body(), intoBlocks, action);
            }
            case Stmt.CallBlock block -> {
                names(block.call(), action);
                parameters(block.parameters(), action);
                walk(block.body(), intoBlocks, action);
            }
            case Stmt.Generation block -> walk(block.body(), intoBlocks, action);
            case Stmt.FilterBlock block -> {
                walk(block.body(), intoBlocks, action);
                names(block.filter(), action);
            }
            case Stmt.Autoescape block -> {
                names(block.on(), action);
                walk(block.body(), intoBlocks, action);
            }
            case Stmt.Block block -> {
                if (intoBlocks) {
                    walk(block.body(), true, action);
                }
            }
            case Stmt.Refused refused -> names(refused.template(), action);
            case Stmt.Break _, Stmt.Continue _ -> {}
        }
    }

    private static void parameters(Stmt.Parameters parameters, Consumer<Expr.Name> action) {
        parameters.names().forEach(action);
        parameters.defaults().forEach(value -> names(value, action));
    }

    private static void names(Expr expression, Consumer<Expr.Name> action) {
        if (expression instanceof Expr.Name name) {
            action.accept(name);
        } else {
            expression.children().forEach(child -> names(child, action));
        }
    }
}
