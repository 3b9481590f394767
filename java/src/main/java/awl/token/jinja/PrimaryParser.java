package awl.token.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// The innermost level of the grammar: literals, names, and what stands in brackets. Parsers are stacked, each one
/// knowing the levels below it and, for what stands in brackets, the whole [#expression].
abstract class PrimaryParser {
    /// Python does not read longer literals.
    private static final int MAX_INTEGER_DIGITS = 4300;

    final TokenStream tokens;

    PrimaryParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /// An expression of the loosest level.
    final Expr expression() {
        return expression(true);
    }

    /// @param withConditional whether it may be an inline `if`
    abstract Expr expression(boolean withConditional);

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

    static Object integer(Token token) {
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
    final boolean moreItems(boolean first, String close) {
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
        return tuple(() -> expression(withConditional), endName, parenthesised);
    }

    final Expr tuple(Supplier<Expr> item, String endName, boolean parenthesised) {
        int line = tokens.current().line();
        List<Expr> items = new ArrayList<>();
        boolean comma = false;
        while (!atTupleEnd(endName)) {
            items.add(item.get());
            if (!tokens.isOperator(",")) {
                break;
            }
            comma = true;
            tokens.next();
        }
        if (comma || items.isEmpty() && parenthesised) {
            return new Expr.TupleOf(items, line);
        }
        if (items.isEmpty()) {
            throw tokens.fail("Expected an expression, got '" + tokens.current().describe() + "'");
        }
        return items.getFirst();
    }

    private boolean atTupleEnd(String endName) {
        return tokens.is(Token.Kind.VARIABLE_END)
                || tokens.is(Token.Kind.BLOCK_END)
                || tokens.isOperator(")")
                || (!endName.isEmpty() && tokens.isName(endName));
    }
}
