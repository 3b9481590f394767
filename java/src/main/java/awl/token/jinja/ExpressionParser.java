package awl.token.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Parses expressions by recursive descent, one method a level of precedence, loosest first: `if`, `or`,
/// `and`, `not`, comparison, `+ -`, `~`, `* / // %`, `**`, sign, postfix, filters and tests. The order is
/// Jinja's own, and in places not what one expects: a filter binds tighter than a minus, `**` is
/// left-associative.
class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    /// Python does not read longer literals.
    private static final int MAX_INTEGER_DIGITS = 4300;

    final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    Expr expression() {
        return conditional();
    }

    Expr expression(boolean withConditional) {
        return withConditional ? conditional() : or();
    }

    private Expr conditional() {
        tokens.enter();
        int line = tokens.current().line();
        Expr then = or();
        while (tokens.skipName("if")) {
            Expr test = or();
            Expr otherwise = tokens.skipName("else") ? conditional() : new Expr.Absent(line);
            then = new Expr.Conditional(test, then, otherwise, line);
        }
        tokens.leave();
        return then;
    }

    private Expr or() {
        Expr left = and();
        while (tokens.isName("or")) {
            int line = tokens.next().line();
            left = new Expr.Binary("or", left, and(), line);
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (tokens.isName("and")) {
            int line = tokens.next().line();
            left = new Expr.Binary("and", left, not(), line);
        }
        return left;
    }

    private Expr not() {
        if (!tokens.isName("not")) {
            return comparison();
        }
        tokens.enter();
        int line = tokens.next().line();
        Expr negated = new Expr.Unary("not", not(), line);
        tokens.leave();
        return negated;
    }

    private Expr comparison() {
        int line = tokens.current().line();
        Expr first = sum();
        List<String> operators = new ArrayList<>();
        List<Expr> operands = new ArrayList<>(List.of(first));
        while (true) {
            Token token = tokens.current();
            if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(tokens.next().text());
            } else if (tokens.skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.look().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                break;
            }
            operands.add(sum());
        }
        return operators.isEmpty() ? first : new Expr.Compare(operators, operands, line);
    }

    private Expr sum() {
        Expr left = concatenation();
        while (tokens.isOperator("+") || tokens.isOperator("-")) {
            Token operator = tokens.next();
            left = new Expr.Binary(operator.text(), left, concatenation(), operator.line());
        }
        return left;
    }

    private Expr concatenation() {
        int line = tokens.current().line();
        Expr first = product();
        if (!tokens.isOperator("~")) {
            return first;
        }
        List<Expr> items = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            items.add(product());
        }
        return new Expr.Concat(items, line);
    }

    private Expr product() {
        Expr left = power();
        while (tokens.is(Token.Kind.OPERATOR)
                && PRODUCTS.contains(tokens.current().text())) {
            Token operator = tokens.next();
            left = new Expr.Binary(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Expr power() {
        Expr left = unary(true);
        while (tokens.isOperator("**")) {
            int line = tokens.next().line();
            left = new Expr.Binary("**", left, unary(true), line);
        }
        return left;
    }

    private Expr unary(boolean withFilters) {
        tokens.enter();
        Expr node;
        if (tokens.isOperator("-") || tokens.isOperator("+")) {
            Token sign = tokens.next();
            node = new Expr.Unary(sign.text(), unary(false), sign.line());
        } else {
            node = primary(false);
        }
        node = postfix(node);
        Expr result = withFilters ? filtersAndTests(node) : node;
        tokens.leave();
        return result;
    }

    final Expr primary(boolean withNamespace) {
        Token token = tokens.current();
        switch (token.kind()) {
            case NAME -> {
                tokens.next();
                return name(token, withNamespace);
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (tokens.is(Token.Kind.STRING)) {
                    text.append(tokens.next().text());
                }
                return new Expr.Const(text.toString(), token.line());
            }
            case INTEGER -> {
                tokens.next();
                return new Expr.Const(integer(token), token.line());
            }
            case FLOAT -> {
                tokens.next();
                return new Expr.Const(Double.valueOf(token.text().replace("_", "")), token.line());
            }
            default -> {
                return bracketed(token);
            }
        }
    }

    private Expr name(Token token, boolean withNamespace) {
        return switch (token.text()) {
            case "true", "True" -> new Expr.Const(true, token.line());
            case "false", "False" -> new Expr.Const(false, token.line());
            case "none", "None" -> new Expr.Const(None.NONE, token.line());
            default -> {
                if (withNamespace && tokens.skipOperator(".")) {
                    String attribute = tokens.expect(Token.Kind.NAME).text();
                    yield new Expr.NamespaceTarget(token.text(), attribute, token.line());
                }
                yield new Expr.Name(token.text(), Expr.Use.LOAD, token.line());
            }
        };
    }

    private static Object integer(Token token) {
        String digits = token.text().replace("_", "");
        int radix = 10;
        if (digits.length() > 2 && digits.charAt(0) == '0') {
            radix = switch (digits.charAt(1)) {
                case 'x', 'X' -> 16;
                case 'o', 'O' -> 8;
                case 'b', 'B' -> 2;
                default -> 10;
            };
            digits = radix == 10 ? digits : digits.substring(2);
        }
        if (digits.length() > MAX_INTEGER_DIGITS) {
            throw Fault.syntax("integer literal is too long", token.line());
        }
        return Numbers.narrow(new BigInteger(digits, radix));
    }

    private Expr bracketed(Token token) {
        if (tokens.skipOperator("(")) {
            Expr inner = tuple(true, "", true);
            tokens.expectOperator(")");
            return inner;
        }
        if (tokens.skipOperator("[")) {
            List<Expr> items = new ArrayList<>();
            while (moreItems(items.isEmpty(), "]")) {
                items.add(expression());
            }
            tokens.expectOperator("]");
            return new Expr.ListOf(items, token.line());
        }
        if (tokens.skipOperator("{")) {
            List<Expr> keys = new ArrayList<>();
            List<Expr> values = new ArrayList<>();
            while (moreItems(keys.isEmpty(), "}")) {
                keys.add(expression());
                tokens.expectOperator(":");
                values.add(expression());
            }
            tokens.expectOperator("}");
            return new Expr.DictOf(keys, values, token.line());
        }
        throw tokens.fail("unexpected '" + token.describe() + "'");
    }

    /// Whether another item follows, having taken the comma in front of it; a comma before the bracket is
    /// allowed.
    private boolean moreItems(boolean first, String close) {
        if (tokens.isOperator(close)) {
            return false;
        }
        if (!first) {
            tokens.expectOperator(",");
        }
        return !tokens.isOperator(close);
    }

    /// One expression, or several with commas between them as a tuple.
    ///
    /// @param endName a name that ends the tuple, such as `in`; empty for none
    /// @param parenthesised whether nothing at all is an empty tuple
    final Expr tuple(boolean withConditional, String endName, boolean parenthesised) {
        int line = tokens.current().line();
        List<Expr> items = new ArrayList<>();
        boolean comma = false;
        while (!atTupleEnd(endName)) {
            items.add(expression(withConditional));
            if (!tokens.isOperator(",")) {
                break;
            }
            comma = true;
            tokens.next();
        }
        return tupleOrItem(items, comma, parenthesised, line);
    }

    final Expr tupleOrItem(List<Expr> items, boolean comma, boolean parenthesised, int line) {
        if (!comma) {
            if (!items.isEmpty()) {
                return items.getFirst();
            }
            if (!parenthesised) {
                throw tokens.fail(
                        "Expected an expression, got '" + tokens.current().describe() + "'");
            }
        }
        return new Expr.TupleOf(items, line);
    }

    final boolean atTupleEnd(String endName) {
        return tokens.is(Token.Kind.VARIABLE_END)
                || tokens.is(Token.Kind.BLOCK_END)
                || tokens.isOperator(")")
                || (!endName.isEmpty() && tokens.isName(endName));
    }

    private Expr postfix(Expr start) {
        Expr node = start;
        while (true) {
            if (tokens.isOperator(".") || tokens.isOperator("[")) {
                node = subscript(node);
            } else if (tokens.isOperator("(")) {
                node = call(node);
            } else {
                return node;
            }
        }
    }

    private Expr filtersAndTests(Expr start) {
        Expr node = start;
        while (true) {
            if (tokens.isOperator("|")) {
                node = filters(node, false);
            } else if (tokens.isName("is")) {
                node = test(node);
            } else if (tokens.isOperator("(")) {
                node = call(node);
            } else {
                return node;
            }
        }
    }

    private Expr subscript(Expr object) {
        Token token = tokens.next();
        if (token.isOperator(".")) {
            Token attribute = tokens.next();
            return switch (attribute.kind()) {
                case NAME -> new Expr.Attribute(object, attribute.text(), token.line());
                case INTEGER ->
                    new Expr.Item(object, new Expr.Const(integer(attribute), attribute.line()), token.line());
                default -> throw Fault.syntax("expected name or number", attribute.line());
            };
        }
        List<Expr> keys = new ArrayList<>();
        while (!tokens.isOperator("]")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
            }
            keys.add(key());
        }
        tokens.expectOperator("]");
        Expr key = keys.size() == 1 ? keys.getFirst() : new Expr.TupleOf(keys, token.line());
        return new Expr.Item(object, key, token.line());
    }

    private Expr key() {
        int line = tokens.current().line();
        Expr start = new Expr.Absent(line);
        if (!tokens.isOperator(":")) {
            start = expression();
            if (!tokens.isOperator(":")) {
                return start;
            }
        }
        tokens.next();
        Expr stop = atSliceEnd() || tokens.isOperator(":") ? new Expr.Absent(line) : expression();
        Expr step = tokens.skipOperator(":") && !atSliceEnd() ? expression() : new Expr.Absent(line);
        return new Expr.SliceOf(start, stop, step, line);
    }

    private boolean atSliceEnd() {
        return tokens.isOperator("]") || tokens.isOperator(",");
    }

    private Expr call(Expr function) {
        int line = tokens.current().line();
        return new Expr.Call(function, arguments(), line);
    }

    private Expr.Args arguments() {
        Token open = tokens.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<Expr.Keyword> keywords = new ArrayList<>();
        Expr star = new Expr.Absent(open.line());
        Expr doubleStar = new Expr.Absent(open.line());
        boolean first = true;
        while (moreItems(first, ")")) {
            first = false;
            boolean noStars = star instanceof Expr.Absent && doubleStar instanceof Expr.Absent;
            if (tokens.isOperator("*")) {
                ensure(noStars, open);
                tokens.next();
                star = expression();
            } else if (tokens.isOperator("**")) {
                ensure(doubleStar instanceof Expr.Absent, open);
                tokens.next();
                doubleStar = expression();
            } else if (tokens.is(Token.Kind.NAME) && tokens.look().isOperator("=")) {
                ensure(doubleStar instanceof Expr.Absent, open);
                String name = tokens.next().text();
                tokens.next();
                if (keywords.stream().anyMatch(known -> known.name().equals(name))) {
                    throw Fault.syntax("keyword argument repeated: " + name, open.line());
                }
                keywords.add(new Expr.Keyword(name, expression()));
            } else {
                ensure(noStars && keywords.isEmpty(), open);
                positional.add(expression());
            }
        }
        tokens.expectOperator(")");
        return new Expr.Args(positional, keywords, star, doubleStar);
    }

    private static void ensure(boolean allowed, Token open) {
        if (!allowed) {
            throw Fault.syntax("invalid syntax for function call expression", open.line());
        }
    }

    /// A chain of filters; `bare` where the first one stands without its `|`, as in a filter block.
    final Expr filters(Expr start, boolean bare) {
        Expr node = start;
        boolean withoutPipe = bare;
        while (withoutPipe || tokens.isOperator("|")) {
            if (!withoutPipe) {
                tokens.next();
            }
            withoutPipe = false;
            Token token = tokens.expect(Token.Kind.NAME);
            String name = dotted(token);
            Expr.Args args = tokens.isOperator("(") ? arguments() : Expr.Args.NONE;
            node = new Expr.Filter(node, name, args, token.line());
        }
        return node;
    }

    private String dotted(Token first) {
        StringBuilder name = new StringBuilder(first.text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Token.Kind.NAME).text());
        }
        return name.toString();
    }

    private Expr test(Expr value) {
        Token is = tokens.next();
        boolean negated = tokens.skipName("not");
        String name = dotted(tokens.expect(Token.Kind.NAME));
        Expr.Args args = Expr.Args.NONE;
        if (tokens.isOperator("(")) {
            args = arguments();
        } else if (startsTestArgument()) {
            if (tokens.isName("is")) {
                throw tokens.fail("You cannot chain multiple tests with is");
            }
            Expr argument = postfix(primary(false));
            args = new Expr.Args(List.of(argument), List.of(), new Expr.Absent(is.line()), new Expr.Absent(is.line()));
        }
        Expr test = new Expr.Test(value, name, args, is.line());
        return negated ? new Expr.Unary("not", test, is.line()) : test;
    }

    private boolean startsTestArgument() {
        Token token = tokens.current();
        return switch (token.kind()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, INTEGER, FLOAT -> true;
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }
}
