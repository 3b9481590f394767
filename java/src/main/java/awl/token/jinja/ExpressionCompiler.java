package awl.token.jinja;

import java.util.List;

/// Turns expressions into small functions.
final class ExpressionCompiler {
    private final int maxDepth;
    private int depth;

    /// In force where the compiler stands.
    Escaping escaping = Escaping.OFF;

    /// Whether slices answer a wrong type with an undefined value instead of failing; see [#printed].
    private boolean lenientSlices;

    ExpressionCompiler(int maxDepth) {
        this.maxDepth = maxDepth;
    }

    /// Compiles an expression to be printed. Where it is made of constants alone the reference computes it
    /// beforehand, and there a slice looks its value up as any subscript does.
    Eval printed(Expr expression, Scope scope) {
        lenientSlices = Constants.isConstant(expression);
        Eval compiled = compile(expression, scope);
        lenientSlices = false;
        return compiled;
    }

    Eval compile(Expr expression, Scope scope) {
        if (++depth > maxDepth) {
            throw new Fault(Fault.Sort.LIMIT, "expression is nested deeper than " + maxDepth, expression.line());
        }
        Eval compiled = translate(expression, scope);
        depth--;
        return compiled;
    }

    private Eval translate(Expr expression, Scope scope) {
        return switch (expression) {
            case Expr.Const constant -> {
                Object value = constant.value();
                yield _ -> value;
            }
            case Expr.Name name -> name(name.name(), scope);
            case Expr.TupleOf tuple -> {
                Eval[] items = all(tuple.items(), scope);
                yield a -> new Tuple(Eval.all(items, a));
            }
            case Expr.ListOf list -> {
                Eval[] items = all(list.items(), scope);
                yield a -> Eval.all(items, a);
            }
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Unary unary -> OperatorCompiler.unary(unary.operator(), compile(unary.operand(), scope));
            case Expr.Binary binary ->
                OperatorCompiler.binary(
                        binary.operator(), compile(binary.left(), scope), compile(binary.right(), scope));
            case Expr.Concat concat -> OperatorCompiler.concat(all(concat.items(), scope), escaping.on());
            case Expr.Compare compare -> OperatorCompiler.compare(compare.operators(), all(compare.operands(), scope));
            case Expr.Conditional choice -> conditional(choice, scope.softened());
            case Expr.Attribute attribute -> {
                Eval object = compile(attribute.object(), scope);
                String name = attribute.name();
                yield a -> Attributes.get(a.render, object.eval(a), name);
            }
            case Expr.Item item -> item(item, scope);
            case Expr.Call call -> call(call, scope, _ -> Missing.MISSING);
            case Expr.Filter filter -> filter(filter, compile(filter.value(), scope), scope);
            case Expr.Test test -> test(test, scope);
            case Expr.SliceOf slice ->
                throw Fault.syntax("invalid syntax: a slice among several subscripts", slice.line());
            case Expr.Absent absent -> throw Fault.syntax("expression missing", absent.line());
            case Expr.NamespaceTarget target -> throw Fault.syntax("not an expression", target.line());
        };
    }

    Eval[] all(List<Expr> expressions, Scope scope) {
        Eval[] compiled = new Eval[expressions.size()];
        for (int i = 0; i < compiled.length; i++) {
            compiled[i] = compile(expressions.get(i), scope);
        }
        return compiled;
    }

    private static Eval name(String name, Scope scope) {
        Scope.Slot slot = scope.slot(name);
        Undefined undefined = Undefined.name(name);
        return a -> {
            Object value = slot.get(a);
            return value == Missing.MISSING ? undefined : value;
        };
    }

    private Eval dict(Expr.DictOf dict, Scope scope) {
        Eval[] keys = new Eval[dict.keys().size()];
        Eval[] values = new Eval[keys.length];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = compile(dict.keys().get(i), scope);
            values[i] = compile(dict.values().get(i), scope);
        }
        return a -> {
            Dict made = new Dict();
            for (int i = 0; i < keys.length; i++) {
                made.put(keys[i].eval(a), values[i].eval(a));
            }
            return made;
        };
    }

    private Eval conditional(Expr.Conditional choice, Scope scope) {
        Eval test = compile(choice.test(), scope);
        Eval then = compile(choice.then(), scope);
        Undefined nothing = Undefined.because("the inline if-expression on line " + choice.line()
                + " evaluated to false and no else section was defined.");
        Eval otherwise = orElse(nothing, choice.otherwise(), scope);
        return a -> Values.truth(test.eval(a)) ? then.eval(a) : otherwise.eval(a);
    }

    private Eval item(Expr.Item item, Scope scope) {
        Eval object = compile(item.object(), scope);
        if (item.key() instanceof Expr.SliceOf slice) {
            Eval start = orElse(None.NONE, slice.start(), scope);
            Eval stop = orElse(None.NONE, slice.stop(), scope);
            Eval step = orElse(None.NONE, slice.step(), scope);
            boolean lenient = lenientSlices;
            return a -> {
                Object value = object.eval(a);
                Slice part = new Slice(start.eval(a), stop.eval(a), step.eval(a));
                return lenient ? part.orUndefined(a.render, value) : part.of(a.render, value);
            };
        }
        Eval key = compile(item.key(), scope);
        return a -> {
            Object value = object.eval(a);
            return Attributes.item(a.render, value, key.eval(a));
        };
    }

    /// What stands there, or a value where nothing does.
    Eval orElse(Object value, Expr expression, Scope scope) {
        return expression instanceof Expr.Absent ? _ -> value : compile(expression, scope);
    }

    /// A call; `caller` gives the block handed over with it, or [Missing#MISSING].
    Eval call(Expr.Call call, Scope scope, Eval caller) {
        Eval function = compile(call.function(), scope);
        ArgumentList arguments = ArgumentList.compile(call.args(), scope, this);
        return a -> {
            Object callee = function.eval(a);
            Arguments given = arguments.eval(a, Missing.MISSING);
            Object block = caller.eval(a);
            if (block != Missing.MISSING) {
                given = given.with("caller", block);
            }
            if (callee instanceof Callable callable) {
                return callable.call(a.render, given);
            }
            throw callee instanceof Undefined undefined
                    ? undefined.fault()
                    : Fault.type("'" + Values.typeName(callee) + "' object is not callable");
        };
    }

    /// A filter over a value that is already compiled.
    private Eval filter(Expr.Filter filter, Eval value, Scope scope) {
        Builtin function = Filters.TABLE.get(filter.name());
        ArgumentList arguments = ArgumentList.compile(filter.args(), scope, this);
        if (function == null) {
            return unknown("filter", filter.name(), filter.line(), scope);
        }
        return a -> function.call(a.render, arguments.eval(a, value.eval(a)));
    }

    /// A chain of filters whose innermost value is the text of a block.
    Eval filterChain(Expr chain, Eval text, Scope scope) {
        if (!(chain instanceof Expr.Filter filter)) {
            return text;
        }
        return filter(filter, filterChain(filter.value(), text, scope), scope);
    }

    private Eval test(Expr.Test test, Scope scope) {
        Eval value = compile(test.value(), scope);
        ArgumentList arguments = ArgumentList.compile(test.args(), scope, this);
        Builtin function = Tests.TABLE.get(test.name());
        if (function == null) {
            return unknown("test", test.name(), test.line(), scope);
        }
        return a -> function.call(a.render, arguments.eval(a, value.eval(a)));
    }

    /// An unknown name is an error at once, except inside an `if`, where it may never be reached.
    private static Eval unknown(String what, String name, int line, Scope scope) {
        if (!scope.soft) {
            throw Fault.syntax("No " + what + " named '" + name + "'.", line);
        }
        return _ -> {
            throw Fault.runtime("No " + what + " named '" + name + "' found.");
        };
    }
}
