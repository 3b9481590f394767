package awl.token.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Turns statements into small functions, giving every name its variable on the way. It follows the
/// reference's code generator statement by statement, so that scoping, laziness and the order of effects are
/// the same.
final class Compiler {
    private final ExpressionCompiler expressions;
    private final Map<String, Stmt.Block> blocks = new LinkedHashMap<>();
    private final Map<String, Program> compiledBlocks = new LinkedHashMap<>();

    /// A compiled template or block, ready to run in a context.
    record Program(Scope.Function function, Scope.Border border, Exec body) {
        Exec.Signal run(Render render, Context context, StringBuilder out) {
            Activation activation = new Activation(render, context, function.size());
            border.enter(activation);
            return body.run(activation, out);
        }
    }

    private Compiler(int maxDepth) {
        this.expressions = new ExpressionCompiler(maxDepth);
    }

    static Program compile(List<Stmt> template, int maxDepth) {
        Compiler compiler = new Compiler(maxDepth);
        Program root = compiler.program(template, true, Set.of("self"));
        // blocks may contain blocks, which join the list while it is worked off
        for (int i = 0; i < compiler.blocks.size(); i++) {
            Stmt.Block block = new ArrayList<>(compiler.blocks.values()).get(i);
            compiler.compiledBlocks.put(block.name(), compiler.program(block.body(), false, Set.of("self", "super")));
        }
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
            code = first(a -> self.set(a, selfReference(a)), code);
        }
        if (used.contains("super")) {
            Scope.Slot parent = scope.slot("super");
            code = first(a -> parent.set(a, Undefined.because("there is no parent block.")), code);
        }
        return new Program(scope.function, scope.border(), code);
    }

    /// Something done before a piece of code.
    private interface Action {
        void run(Activation activation);
    }

    private static Exec first(Action action, Exec then) {
        return (a, out) -> {
            action.run(a);
            return then.run(a, out);
        };
    }

    private Dict selfReference(Activation activation) {
        Dict self = new Dict();
        compiledBlocks.forEach((name, block) -> self.put(name, Builtin.of(name, "", (render, _) -> {
            StringBuilder text = new StringBuilder();
            render.enter();
            block.run(render, activation.context, text);
            render.leave();
            return render.autoescape ? new Markup(text.toString()) : text.toString();
        })));
        return self;
    }

    private Exec body(List<Stmt> statements, Scope scope) {
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
            case Stmt.Output output -> output(output, scope);
            case Stmt.If choice -> choice(choice, scope.softened());
            case Stmt.For loop -> new LoopCompiler(loop, scope).compile();
            case Stmt.Assign assign -> assign(assign, scope);
            case Stmt.AssignBlock assign -> assignBlock(assign, scope);
            case Stmt.With with -> with(with, scope);
            case Stmt.MacroDef macro -> macroDef(macro, scope);
            case Stmt.CallBlock block -> callBlock(block, scope);
            case Stmt.Generation block -> generation(block, scope);
            case Stmt.FilterBlock block -> filterBlock(block, scope);
            case Stmt.Autoescape block -> autoescape(block, scope);
            case Stmt.Block block -> block(block, scope);
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

    private Exec output(Stmt.Output output, Scope scope) {
        Exec[] parts = output.parts().stream()
                .map(part -> switch (part) {
                    case Stmt.Part.Data data -> text(data.text());
                    case Stmt.Part.Print print -> print(print.expression(), scope);
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

    private Exec print(Expr expression, Scope scope) {
        Eval value = expressions.printed(expression, scope);
        // what is computed beforehand is escaped as the source says there, not as the rendering decides
        ExpressionCompiler.Escaping escaping =
                expressions.escaping == ExpressionCompiler.Escaping.LATE && Constants.isPlainConstant(expression)
                        ? expressions.constantEscaping
                        : expressions.escaping;
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

    /// What call and filter blocks write must be text already.
    private static void emitText(Render render, StringBuilder out, Object value) {
        if (!Values.isString(value)) {
            throw Fault.type("sequence item 0: expected str instance, " + Values.typeName(value) + " found");
        }
        render.emit(out, Values.string(value));
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

    private Exec assignBlock(Stmt.AssignBlock assign, Scope outer) {
        Scope scope = outer.inner();
        SymbolVisitor.body(scope.symbols, assign.body());
        Exec body = body(assign.body(), scope);
        Target target = Target.compile(assign.target(), outer);
        int buffer = scope.function.hidden();
        Eval value = expressions.filterChain(assign.filter(), a -> a.slots[buffer], scope);
        Scope.Border border = scope.border();
        return (a, _) -> {
            border.enter(a);
            StringBuilder text = new StringBuilder();
            Exec.Signal signal = body.run(a, text);
            if (signal != Exec.Signal.NEXT) {
                return signal;
            }
            a.slots[buffer] = block(a.render, text);
            Object result = value.eval(a);
            target.assign(a, a.render.autoescape ? new Markup(Repr.str(a.render, result)) : result);
            border.leave(a);
            return Exec.Signal.NEXT;
        };
    }

    private static Object block(Render render, StringBuilder text) {
        return render.autoescape ? new Markup(text.toString()) : text.toString();
    }

    private Exec with(Stmt.With with, Scope outer) {
        Scope scope = outer.inner();
        with.targets().forEach(target -> SymbolVisitor.expression(scope.symbols, target));
        SymbolVisitor.body(scope.symbols, with.body());
        Eval[] values =
                with.values().stream().map(v -> expressions.compile(v, outer)).toArray(Eval[]::new);
        Target[] targets =
                with.targets().stream().map(t -> Target.compile(t, scope)).toArray(Target[]::new);
        Exec body = body(with.body(), scope);
        Scope.Border border = scope.border();
        return (a, out) -> {
            border.enter(a);
            for (int i = 0; i < targets.length; i++) {
                targets[i].assign(a, values[i].eval(a));
            }
            Exec.Signal signal = body.run(a, out);
            if (signal == Exec.Signal.NEXT) {
                border.leave(a);
            }
            return signal;
        };
    }

    private Exec macroDef(Stmt.MacroDef macro, Scope scope) {
        Eval made = macro(macro.name(), false, macro.parameters(), macro.body(), scope, macro.line());
        Target target = Target.compile(new Expr.Name(macro.name(), Expr.Use.STORE, macro.line()), scope);
        return (a, _) -> {
            target.assign(a, made.eval(a));
            return Exec.Signal.NEXT;
        };
    }

    /// A function that makes the macro in the scope of its definition.
    private Eval macro(
            String name, boolean anonymous, Stmt.Parameters parameters, List<Stmt> statements, Scope outer, int line) {
        Scope scope = outer.inner().asFunction();
        analyze(scope, parameters, statements);
        List<String> names = parameters.names().stream().map(Expr.Name::name).toList();
        Set<String> undeclared = NameSearch.undeclared(statements, "caller", "kwargs", "varargs");
        int firstDefault = names.size() - parameters.defaults().size();
        boolean takesCaller = undeclared.contains("caller");
        if (takesCaller && names.contains("caller") && names.indexOf("caller") < firstDefault) {
            throw Fault.syntax(
                    "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a"
                            + " default.",
                    line);
        }
        List<String> bound = new ArrayList<>(names);
        boolean takesKeywords = undeclared.contains("kwargs") && !names.contains("kwargs");
        boolean takesPositional = undeclared.contains("varargs") && !names.contains("varargs");
        if (takesCaller && !names.contains("caller")) {
            bound.add("caller");
        }
        if (takesKeywords) {
            bound.add("kwargs");
        }
        if (takesPositional) {
            bound.add("varargs");
        }
        bound.subList(names.size(), bound.size()).forEach(scope.symbols::declareParameter);
        analyze(scope, parameters, statements);
        Scope.Slot[] slots = bound.stream().map(scope::slot).toArray(Scope.Slot[]::new);
        Eval[] defaults = new Eval[names.size()];
        for (int i = 0; i < defaults.length; i++) {
            Undefined absent = Undefined.because("parameter '" + names.get(i) + "' was not provided");
            defaults[i] = i < firstDefault
                    ? _ -> absent
                    : expressions.compile(parameters.defaults().get(i - firstDefault), scope);
        }
        Exec body = body(statements, scope);
        Scope.Border border = scope.border();
        Scope.Function function = scope.function;
        Macro.Shape shape = new Macro.Shape(name, anonymous, names, takesCaller, takesKeywords, takesPositional);
        return defined -> new Macro(shape, (_, arguments) -> {
            Activation a = defined.inner(function.size());
            for (int i = 0; i < slots.length; i++) {
                slots[i].set(a, arguments.get(i));
            }
            border.enter(a);
            for (int i = 0; i < defaults.length; i++) {
                if (slots[i].get(a) == Missing.MISSING) {
                    slots[i].set(a, defaults[i].eval(a));
                }
            }
            StringBuilder text = new StringBuilder();
            body.run(a, text);
            return text.toString();
        });
    }

    private static void analyze(Scope scope, Stmt.Parameters parameters, List<Stmt> body) {
        parameters.names().forEach(name -> SymbolVisitor.expression(scope.symbols, name));
        parameters.defaults().forEach(value -> SymbolVisitor.expression(scope.symbols, value));
        SymbolVisitor.body(scope.symbols, body);
    }

    private Exec callBlock(Stmt.CallBlock block, Scope scope) {
        Eval caller = macro("caller", true, block.parameters(), block.body(), scope, block.line());
        Eval call = expressions.call(block.call(), scope, caller);
        return (a, out) -> {
            emitText(a.render, out, call.eval(a));
            return Exec.Signal.NEXT;
        };
    }

    private Exec generation(Stmt.Generation block, Scope scope) {
        Eval made = macro("generation", true, Stmt.Parameters.NONE, block.body(), scope, block.line());
        return (a, out) -> {
            String text = Values.string(((Macro) made.eval(a)).call(a.render, Arguments.NONE));
            a.render.capture(text);
            a.render.emit(out, text);
            return Exec.Signal.NEXT;
        };
    }

    private Exec filterBlock(Stmt.FilterBlock block, Scope outer) {
        Scope scope = outer.inner();
        SymbolVisitor.body(scope.symbols, block.body());
        filterArguments(scope.symbols, block.filter());
        Exec body = body(block.body(), scope);
        int buffer = scope.function.hidden();
        Eval value = expressions.filterChain(block.filter(), a -> a.slots[buffer], scope);
        Scope.Border border = scope.border();
        return (a, out) -> {
            border.enter(a);
            StringBuilder text = new StringBuilder();
            Exec.Signal signal = body.run(a, text);
            if (signal != Exec.Signal.NEXT) {
                return signal;
            }
            a.slots[buffer] = block(a.render, text);
            emitText(a.render, out, value.eval(a));
            border.leave(a);
            return Exec.Signal.NEXT;
        };
    }

    private static void filterArguments(Symbols symbols, Expr filter) {
        SymbolVisitor.expression(symbols, filter);
    }

    private Exec autoescape(Stmt.Autoescape block, Scope outer) {
        Scope scope = outer.inner();
        SymbolVisitor.expression(scope.symbols, block.on());
        SymbolVisitor.body(scope.symbols, block.body());
        Eval on = expressions.compile(block.on(), scope);
        ExpressionCompiler.Escaping before = expressions.escaping;
        ExpressionCompiler.Escaping constantsBefore = expressions.constantEscaping;
        if (before != ExpressionCompiler.Escaping.LATE) {
            expressions.escaping = ExpressionCompiler.Escaping.LATE;
        }
        if (block.on() instanceof Expr.Const constant) {
            expressions.constantEscaping =
                    Values.truth(constant.value()) ? ExpressionCompiler.Escaping.ON : ExpressionCompiler.Escaping.OFF;
            if (before != ExpressionCompiler.Escaping.LATE) {
                expressions.escaping = expressions.constantEscaping;
            }
        }
        Exec body = body(block.body(), scope);
        expressions.escaping = before;
        expressions.constantEscaping = constantsBefore;
        Scope.Border border = scope.border();
        return (a, out) -> {
            border.enter(a);
            boolean saved = a.render.autoescape;
            a.render.autoescape = Values.truth(on.eval(a));
            Exec.Signal signal = body.run(a, out);
            if (signal == Exec.Signal.NEXT) {
                a.render.autoescape = saved;
                border.leave(a);
            }
            return signal;
        };
    }

    private Exec block(Stmt.Block block, Scope scope) {
        if (blocks.putIfAbsent(block.name(), block) != null) {
            throw Fault.syntax("block '" + block.name() + "' defined twice", block.line());
        }
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
            Program program = compiledBlocks.get(block.name());
            if (program == null) {
                throw Fault.runtime("block '" + block.name() + "' is not compiled");
            }
            a.render.enter();
            program.run(a.render, context, out);
            a.render.leave();
            return Exec.Signal.NEXT;
        };
    }

    /// One `for` statement: its scopes, the filter of its items, and how it runs.
    private final class LoopCompiler {
        private final Stmt.For loop;
        private final Scope outer;

        LoopCompiler(Stmt.For loop, Scope outer) {
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
            Eval items = expressions.compile(loop.items(), outer);
            ItemFilter filter = loop.test() instanceof Expr.Absent ? ItemFilter.NONE : filter(scope);
            Target target = Target.compile(loop.target(), scope);
            Scope.Slot self = extended ? scope.slot("loop") : new Scope.Slot(0, scope.function.hidden());
            Exec body = body(loop.body(), scope);
            Exec otherwise = otherwise(loop.recursive() ? outer.inner().in(scope.function) : outer.inner());
            Turns turns = new Turns(filter, target, self, scope.border(), body, otherwise);
            return loop.recursive()
                    ? recursive(items, turns, scope.function)
                    : (a, out) -> turns.run(a, out, filter.over(a, items.eval(a)), LoopContext.NOT_RECURSIVE, 0);
        }

        /// The `else` part. It has a scope even where there is nothing in it.
        private Exec otherwise(Scope scope) {
            SymbolVisitor.body(scope.symbols, loop.otherwise());
            Exec body = body(loop.otherwise(), scope);
            Scope.Border border = scope.border();
            return (a, out) -> {
                border.enter(a);
                Exec.Signal signal = body.run(a, out);
                if (signal == Exec.Signal.NEXT) {
                    border.leave(a);
                }
                return signal;
            };
        }

        /// `for ... if test`: the test runs in a function of its own, which sees the target but not `loop`.
        private ItemFilter filter(Scope loopScope) {
            Scope scope = outer.inner().asFunction();
            SymbolVisitor.parameters(scope.symbols, loop.target());
            SymbolVisitor.expression(scope.symbols, loop.test());
            Target target = Target.compile(loop.target(), loopScope.in(scope.function));
            Eval test = expressions.compile(loop.test(), scope);
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
                    return block(a.render, text);
                };
                emitText(a.render, out, self[0].render(items.eval(a), 0));
                return Exec.Signal.NEXT;
            };
        }
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
