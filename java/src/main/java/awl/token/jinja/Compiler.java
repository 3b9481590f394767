package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Turns statements into small functions, giving every name its variable on the way. It follows the
/// reference's code generator statement by statement, so that scoping, laziness and the order of effects are
/// the same.
final class Compiler {
    final ExpressionCompiler expressions;
    private final Blocks blocks = new Blocks();

    private Compiler(int maxDepth) {
        this.expressions = new ExpressionCompiler(maxDepth);
    }

    static Program compile(List<Stmt> template, int maxDepth) {
        Compiler compiler = new Compiler(maxDepth);
        Program root = compiler.program(template, true, Set.of("self"));
        compiler.blocks.compile(block -> compiler.program(block.body(), false, Set.of("self", "super")));
        return root;
    }

    private Program program(List<Stmt> body, boolean toplevel, Set<String> special) {
        Scope scope = Scope.root(toplevel);
        Set<String> used = NameSearch.undeclared(body, special.toArray(String[]::new));
        used.forEach(scope.symbols::declareParameter);
        SymbolVisitor.body(scope.symbols, body);
        Exec code = body(body, scope);
        if (used.contains("self")) {
            Scope.Slot self = scope.slot("self");
            code = first(a -> self.set(a, blocks.self(a.context)), code);
        }
        if (used.contains("super")) {
            Scope.Slot parent = scope.slot("super");
            code = first(a -> parent.set(a, Undefined.because("there is no parent block.")), code);
        }
        return new Program(scope.function, scope.border(), code);
    }

    private static Exec first(Consumer<Activation> action, Exec then) {
        return (a, out) -> {
            action.accept(a);
            return then.run(a, out);
        };
    }

    Exec body(List<Stmt> statements, Scope scope) {
        Exec[] code = statements.stream().map(s -> statement(s, scope)).toArray(Exec[]::new);
        return (a, out) -> {
            for (Exec step : code) {
                Exec.Signal signal = step.run(a, out);
                if (signal != Exec.Signal.NEXT) {
                    return signal;
                }
            }
            return Exec.Signal.NEXT;
        };
    }

    private Exec statement(Stmt statement, Scope scope) {
        Exec code = switch (statement) {
            case Stmt.Output output -> OutputCompiler.compile(output, scope, expressions);
            case Stmt.If choice -> choice(choice, scope.softened());
            case Stmt.For loop -> new LoopCompiler(this, loop, scope).compile();
            case Stmt.Assign assign -> assign(assign, scope);
            case Stmt.AssignBlock assign -> new TextBlockCompiler(this).assign(assign, scope);
            case Stmt.With with -> with(with, scope);
            case Stmt.MacroDef macro -> new MacroCompiler(this).define(macro, scope);
            case Stmt.CallBlock block -> new MacroCompiler(this).call(block, scope);
            case Stmt.Generation block -> new MacroCompiler(this).generation(block, scope);
            case Stmt.FilterBlock block -> new TextBlockCompiler(this).write(block, scope);
            case Stmt.Autoescape block -> autoescape(block, scope);
            case Stmt.Block block -> blocks.statement(block, scope);
            case Stmt.Refused refused -> refused(refused, scope);
            case Stmt.Break _ -> jump(Exec.Signal.BREAK, statement, scope);
            case Stmt.Continue _ -> jump(Exec.Signal.CONTINUE, statement, scope);
        };
        int line = statement.line();
        return (a, out) -> {
            a.render.step();
            a.render.line = line;
            return code.run(a, out);
        };
    }

    private Exec refused(Stmt.Refused statement, Scope scope) {
        Eval template = expressions.compile(statement.template(), scope);
        return (a, _) -> {
            throw Fault.runtime("'" + statement.tag() + "' of " + Repr.repr(a.render, template.eval(a))
                    + " is refused: a chat template stands alone and loads no other template");
        };
    }

    private static Exec jump(Exec.Signal signal, Stmt statement, Scope scope) {
        if (!scope.inLoop) {
            throw Fault.syntax(
                    signal == Exec.Signal.BREAK ? "'break' outside loop" : "'continue' not properly in loop",
                    statement.line());
        }
        return (_, _) -> signal;
    }

    private Exec choice(Stmt.If choice, Scope scope) {
        int count = choice.branches().size();
        Eval[] tests = new Eval[count];
        Exec[] bodies = new Exec[count];
        for (int i = 0; i < count; i++) {
            tests[i] = expressions.compile(choice.branches().get(i).test(), scope);
            bodies[i] = body(choice.branches().get(i).body(), scope);
        }
        Exec otherwise = body(choice.otherwise(), scope);
        return (a, out) -> {
            for (int i = 0; i < count; i++) {
                if (Values.truth(tests[i].eval(a))) {
                    return bodies[i].run(a, out);
                }
            }
            return otherwise.run(a, out);
        };
    }

    private Exec assign(Stmt.Assign assign, Scope scope) {
        List<Scope.Slot> namespaces = new ArrayList<>();
        namespaceTargets(assign.target(), scope, namespaces);
        Eval value = expressions.compile(assign.value(), scope);
        Target target = Target.compile(assign.target(), scope);
        return (a, _) -> {
            for (Scope.Slot slot : namespaces) {
                if (!(slot.get(a) instanceof Namespace)) {
                    throw Fault.runtime("cannot assign attribute on non-namespace object");
                }
            }
            target.assign(a, value.eval(a));
            return Exec.Signal.NEXT;
        };
    }

    private static void namespaceTargets(Expr target, Scope scope, List<Scope.Slot> found) {
        if (target instanceof Expr.NamespaceTarget namespace) {
            found.add(scope.slot(namespace.name()));
        } else {
            target.children().forEach(child -> namespaceTargets(child, scope, found));
        }
    }

    private Exec with(Stmt.With with, Scope outer) {
        Scope scope = outer.inner();
        with.targets().forEach(target -> SymbolVisitor.expression(scope.symbols, target));
        SymbolVisitor.body(scope.symbols, with.body());
        Eval[] values = expressions.all(with.values(), outer);
        Target[] targets =
                with.targets().stream().map(t -> Target.compile(t, scope)).toArray(Target[]::new);
        Exec body = body(with.body(), scope);
        return scope.bordered((a, out) -> {
            for (int i = 0; i < targets.length; i++) {
                targets[i].assign(a, values[i].eval(a));
            }
            return body.run(a, out);
        });
    }

    private Exec autoescape(Stmt.Autoescape block, Scope outer) {
        Scope scope = outer.inner();
        SymbolVisitor.expression(scope.symbols, block.on());
        SymbolVisitor.body(scope.symbols, block.body());
        Eval on = expressions.compile(block.on(), scope);
        Escaping before = expressions.escaping;
        expressions.escaping = before.within(block.on());
        Exec body = body(block.body(), scope);
        expressions.escaping = before;
        return scope.bordered((a, out) -> {
            boolean saved = a.render.autoescape;
            a.render.autoescape = Values.truth(on.eval(a));
            Exec.Signal signal = body.run(a, out);
            if (signal == Exec.Signal.NEXT) {
                a.render.autoescape = saved;
            }
            return signal;
        });
    }
}
