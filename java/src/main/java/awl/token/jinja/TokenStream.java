package awl.token.jinja;

import java.util.List;

/// The tokens of a template with one of them current, and a count of how deep the parser is nested.
final class TokenStream {
    private final List<Token> tokens;
    private final int maxDepth;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens, int maxDepth) {
        this.tokens = tokens;
        this.maxDepth = maxDepth;
    }

    Token current() {
        return tokens.get(at);
    }

    Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /// The current token, having moved on to the next.
    Token next() {
        Token token = tokens.get(at);
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    boolean isOperator(String operator) {
        return current().isOperator(operator);
    }

    boolean isName(String name) {
        return current().isName(name);
    }

    boolean is(Token.Kind kind) {
        return current().kind() == kind;
    }

    boolean skipOperator(String operator) {
        boolean found = isOperator(operator);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipName(String name) {
        boolean found = isName(name);
        if (found) {
            next();
        }
        return found;
    }

    /// Both of two names in a row, or none.
    boolean skipNames(String first, String second) {
        boolean found = isName(first) && look().isName(second);
        if (found) {
            next();
            next();
        }
        return found;
    }

    Token expectOperator(String operator) {
        return isOperator(operator) ? next() : unexpected(operator);
    }

    Token expectName(String name) {
        return isName(name) ? next() : unexpected(name);
    }

    Token expect(Token.Kind kind) {
        return is(kind) ? next() : unexpected(kind.description);
    }

    private Token unexpected(String expected) {
        if (is(Token.Kind.END)) {
            throw fail("unexpected end of template, expected '" + expected + "'.");
        }
        throw fail("expected token '" + expected + "', got '" + current().describe() + "'");
    }

    Fault fail(String message) {
        return Fault.syntax(message, current().line());
    }

    /// Bounds the recursion of the parser: a source of brackets alone must end in an error, not in a full
    /// stack.
    void enter() {
        if (++depth > maxDepth) {
            throw new Fault(
                    Fault.Sort.LIMIT,
                    "template is nested deeper than " + maxDepth,
                    current().line());
        }
    }

    void leave() {
        depth--;
    }
}
