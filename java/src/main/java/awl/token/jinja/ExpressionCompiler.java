package awl.token.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Turns expressions into small functions.
final class ExpressionCompiler {
    private final int maxDepth;
    private int depth;

    /// The escaping in force where the compiler stands.
    Escaping escaping = Escaping.OFF;

    /// The escaping that the source alone tells, for what is computed beforehand.
    Escaping constantEscaping = Escaping.OFF;

    /// Whether printed values are escaped, as far as the source tells.
    enum Escaping {
        OFF,
        ON,
        /// Decided while rendering.
        LATE
    }

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
                yield a -> new Tuple(evaluate(items, a));
            }
            case Expr.ListOf list -> {
                Eval[] items = all(list.items(), scope);
                yield a -> evaluate(items, a);
            }
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Unary unary -> unary(unary, scope);
            case Expr.Binary binary -> binary(binary, scope);
            case Expr.Concat concat -> concat(concat, scope);
            case Expr.Compare compare -> compare(compare, scope);
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

    private Eval[] all(List<Expr> expressions, Scope scope) {
        Eval[] compiled = new Eval[expressions.size()];
        for (int i = 0; i < compiled.length; i++) {
            compiled[i] = compile(expressions.get(i), scope);
        }
        return compiled;
    }

    private static List<Object> evaluate(Eval[] items, Activation activation) {
        List<Object> values = new ArrayList<>(items.length);
        for (Eval item : items) {
            values.add(item.eval(activation));
        }
        return values;
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

    private Eval unary(Expr.Unary unary, Scope scope) {
        Eval operand = compile(unary.operand(), scope);
        return switch (unary.operator()) {
            case "not" -> a -> !Values.truth(operand.eval(a));
            case "-" -> a -> Operators.negate(operand.eval(a));
            default -> a -> Operators.plus(operand.eval(a));
        };
    }

    private Eval binary(Expr.Binary binary, Scope scope) {
        Eval left = compile(binary.left(), scope);
        Eval right = compile(binary.right(), scope);
        return switch (binary.operator()) {
            case "and" ->
                a -> {
                    Object first = left.eval(a);
                    return Values.truth(first) ? right.eval(a) : first;
                };
            case "or" ->
                a -> {
                    Object first = left.eval(a);
                    return Values.truth(first) ? first : right.eval(a);
                };
            case "+" -> a -> Operators.add(a.render, left.eval(a), right.eval(a));
            case "-" -> a -> Operators.subtract(left.eval(a), right.eval(a));
            case "*" -> a -> Operators.multiply(a.render, left.eval(a), right.eval(a));
            case "/" -> a -> Operators.divide(left.eval(a), right.eval(a));
            case "//" -> a -> Operators.floorDivide(left.eval(a), right.eval(a));
            case "%" -> a -> Operators.modulo(a.render, left.eval(a), right.eval(a));
            default -> a -> Operators.power(a.render, left.eval(a), right.eval(a));
        };
    }

    private Eval concat(Expr.Concat concat, Scope scope) {
        Eval[] items = all(concat.items(), scope);
        boolean markup = escaping == Escaping.ON;
        return a -> {
            Render render = a.render;
            List<Object> values = evaluate(items, a);
            boolean escape = markup && values.stream().anyMatch(Markup.class::isInstance);
            StringBuilder out = new StringBuilder();
            for (Object value : values) {
                out.append(escape ? Markup.escape(render, value).text() : Repr.str(render, value));
            }
            String text = render.sized(out.toString());
            return escape ? new Markup(text) : text;
        };
    }

    /// A comparison of two values by one operator.
    @FunctionalInterface
    private interface Comparison {
        boolean test(Render render, Object a, Object b);
    }

    private static Comparison comparison(String operator) {
        return switch (operator) {
            case "==" -> Values::equal;
            case "!=" -> (r, x, y) -> !Values.equal(r, x, y);
            case "in" -> (r, x, y) -> Values.contains(r, y, x);
            case "not in" -> (r, x, y) -> !Values.contains(r, y, x);
            default -> (r, x, y) -> Tests.ordered(r, operator, x, y);
        };
    }

    private Eval compare(Expr.Compare compare, Scope scope) {
        Eval[] operands = all(compare.operands(), scope);
        Comparison[] comparisons =
                compare.operators().stream().map(ExpressionCompiler::comparison).toArray(Comparison[]::new);
        return a -> {
            Object left = operands[0].eval(a);
            for (int i = 0; i < comparisons.length; i++) {
                Object right = operands[i + 1].eval(a);
                if (!comparisons[i].test(a.render, left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }

    private Eval conditional(Expr.Conditional choice, Scope scope) {
        Eval test = compile(choice.test(), scope);
        Eval then = compile(choice.then(), scope);
        Eval otherwise;
        if (choice.otherwise() instanceof Expr.Absent) {
            Undefined nothing = Undefined.because("the inline if-expression on line " + choice.line()
                    + " evaluated to false and no else section was defined.");
            otherwise = _ -> nothing;
        } else {
            otherwise = compile(choice.otherwise(), scope);
        }
        return a -> Values.truth(test.eval(a)) ? then.eval(a) : otherwise.eval(a);
    }

    private Eval item(Expr.Item item, Scope scope) {
        Eval object = compile(item.object(), scope);
        if (item.key() instanceof Expr.SliceOf slice) {
            Eval start = bound(slice.start(), scope);
            Eval stop = bound(slice.stop(), scope);
            Eval step = bound(slice.step(), scope);
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

    private Eval bound(Expr bound, Scope scope) {
        return bound instanceof Expr.Absent ? _ -> None.NONE : compile(bound, scope);
    }

    /// A call; `caller` gives the block handed over with it, or [Missing#MISSING].
    Eval call(Expr.Call call, Scope scope, Eval caller) {
        Eval function = compile(call.function(), scope);
        ArgumentList arguments = arguments(call.args(), scope);
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

    /// Compiled arguments of a call, filter or test.
    private record ArgumentList(
            Eval[] positional, String[] names, Eval[] keywords, Eval star, Eval doubleStar, boolean plain) {

        /// The arguments, after a first one unless it is [Missing#MISSING].
        Arguments eval(Activation a, Object first) {
            List<Object> values = new ArrayList<>(positional.length + 1);
            if (first != Missing.MISSING) {
                values.add(first);
            }
            for (Eval item : positional) {
                values.add(item.eval(a));
            }
            if (plain) {
                return new Arguments(values, Map.of());
            }
            Map<String, Object> named = new LinkedHashMap<>();
            for (int i = 0; i < keywords.length; i++) {
                named.put(names[i], keywords[i].eval(a));
            }
            Object more = star.eval(a);
            if (more != Missing.MISSING) {
                values.addAll(Iterators.toList(a.render, more));
            }
            Object others = doubleStar.eval(a);
            if (others != Missing.MISSING) {
                spread(others, named);
            }
            return new Arguments(values, named);
        }

        private static void spread(Object mapping, Map<String, Object> named) {
            if (!(mapping instanceof Dict dict)) {
                throw Fault.type("argument after ** must be a mapping, not " + Values.typeName(mapping));
            }
            for (Dict.Entry entry : dict.entries()) {
                if (!Values.isString(entry.key())) {
                    throw Fault.type("keywords must be strings");
                }
                if (named.put(Values.string(entry.key()), entry.value()) != null) {
                    throw Fault.type("got multiple values for keyword argument '" + Values.string(entry.key()) + "'");
                }
            }
        }
    }

    private ArgumentList arguments(Expr.Args args, Scope scope) {
        Eval[] positional = all(args.positional(), scope);
        String[] names = args.keywords().stream().map(Expr.Keyword::name).toArray(String[]::new);
        Eval[] keywords = all(args.keywords().stream().map(Expr.Keyword::value).toList(), scope);
        Eval star = args.star() instanceof Expr.Absent ? _ -> Missing.MISSING : compile(args.star(), scope);
        Eval doubleStar =
                args.doubleStar() instanceof Expr.Absent ? _ -> Missing.MISSING : compile(args.doubleStar(), scope);
        boolean plain =
                keywords.length == 0 && args.star() instanceof Expr.Absent && args.doubleStar() instanceof Expr.Absent;
        return new ArgumentList(positional, names, keywords, star, doubleStar, plain);
    }

    /// A filter over a value that is already compiled.
    private Eval filter(Expr.Filter filter, Eval value, Scope scope) {
        Builtin function = Filters.TABLE.get(filter.name());
        ArgumentList arguments = arguments(filter.args(), scope);
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
        ArgumentList arguments = arguments(test.args(), scope);
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
