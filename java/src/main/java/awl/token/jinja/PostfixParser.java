package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;

/// What stands behind an operand: attributes and subscripts, calls, filters and tests.
abstract class PostfixParser extends PrimaryParser {

    PostfixParser(TokenStream tokens) {
        super(tokens);
    }

    final Expr postfix(Expr start) {
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

    final Expr filtersAndTests(Expr start) {
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
