package awl.token.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Compiled arguments of a call, filter or test.
///
/// @param plain whether there are positional ones alone
record ArgumentList(Eval[] positional, String[] names, Eval[] keywords, Eval star, Eval doubleStar, boolean plain) {

    static ArgumentList compile(Expr.Args args, Scope scope, ExpressionCompiler expressions) {
        Eval[] positional = expressions.all(args.positional(), scope);
        String[] names = args.keywords().stream().map(Expr.Keyword::name).toArray(String[]::new);
        Eval[] keywords = expressions.all(
                args.keywords().stream().map(Expr.Keyword::value).toList(), scope);
        Eval star = expressions.orElse(Missing.MISSING, args.star(), scope);
        Eval doubleStar = expressions.orElse(Missing.MISSING, args.doubleStar(), scope);
        boolean plain =
                keywords.length == 0 && args.star() instanceof Expr.Absent && args.doubleStar() instanceof Expr.Absent;
        return new ArgumentList(positional, names, keywords, star, doubleStar, plain);
    }

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
