package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Macros, and the blocks that run as macros without a name: of `call` and `generation`.
record MacroCompiler(Compiler compiler) {

    Exec define(Stmt.MacroDef macro, Scope scope) {
        Eval made = macro(macro.name(), false, macro.parameters(), macro.body(), scope, macro.line());
        Target target = Target.compile(new Expr.Name(macro.name(), Expr.Use.STORE, macro.line()), scope);
        return (a, _) -> {
            target.assign(a, made.eval(a));
            return Exec.Signal.NEXT;
        };
    }

    Exec call(Stmt.CallBlock block, Scope scope) {
        Eval caller = macro("caller", true, block.parameters(), block.body(), scope, block.line());
        Eval call = compiler.expressions.call(block.call(), scope, caller);
        return (a, out) -> {
            a.render.emitText(out, call.eval(a));
            return Exec.Signal.NEXT;
        };
    }

    Exec generation(Stmt.Generation block, Scope scope) {
        Eval made = macro("generation", true, Stmt.Parameters.NONE, block.body(), scope, block.line());
        return (a, out) -> {
            String text = Values.string(((Macro) made.eval(a)).call(a.render, Arguments.NONE));
            a.render.capture(text);
            a.render.emit(out, text);
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
                    : compiler.expressions.compile(parameters.defaults().get(i - firstDefault), scope);
        }
        Exec body = compiler.body(statements, scope);
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
}
