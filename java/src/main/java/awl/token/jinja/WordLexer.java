package awl.token.jinja;

import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts what stands inside a tag into words: names, numbers, strings and operators, whose brackets it balances.
abstract class WordLexer {
    private static final Pattern FLOAT = Pattern.compile(
            "(?<!\\.)(?:[0-9]+_)*[0-9]+(?:(?:\\.(?:[0-9]+_)*[0-9]+)?[eE][+\\-]?(?:[0-9]+_)*[0-9]+|\\.(?:[0-9]+_)*[0-9]+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[0-1])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*");

    /// Longest first.
    private static final String[] OPERATORS = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";"
    };

    final String source;
    final List<Token> tokens = new ArrayList<>();
    int at;
    int line = 1;

    /// Whether the text that follows starts a line: true at the start and after a tag that swallowed its
    /// newline.
    boolean lineStarting = true;

    WordLexer(String source) {
        this.source = source;
    }

    /// Moves on, counting lines.
    final void advance(int end) {
        for (int i = at; i < end; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        if (end > at) {
            lineStarting = source.charAt(end - 1) == '\n';
        }
        at = end;
    }

    final void emit(Token.Kind kind, String text) {
        tokens.add(new Token(kind, text, line));
        advance(at + text.length());
    }

    final int skipSpace(int from) {
        int to = from;
        while (to < source.length() && Text.isSpace(source.charAt(to))) {
            to++;
        }
        return to;
    }

    final void word(Deque<Character> open) {
        char c = source.charAt(at);
        if (Text.isSpace(c)) {
            advance(skipSpace(at));
            return;
        }
        if (c >= '0' && c <= '9' && number()) {
            return;
        }
        int end = at;
        while (end < source.length()) {
            int letter = source.codePointAt(end);
            if (!Letters.isWord(letter) && !Character.isUnicodeIdentifierPart(letter)
                    || Character.isIdentifierIgnorable(letter)) {
                break;
            }
            end += Character.charCount(letter);
        }
        if (end > at) {
            String name = source.substring(at, end);
            if (!Letters.isIdentifier(name)) {
                throw Fault.syntax("Invalid character in identifier", line);
            }
            emit(Token.Kind.NAME, name);
        } else if (c == '\'' || c == '"') {
            string(c);
        } else {
            operator(open);
        }
    }

    /// Whether there was one.
    private boolean number() {
        Matcher number = FLOAT.matcher(source).useTransparentBounds(true).region(at, source.length());
        if (number.lookingAt()) {
            emit(Token.Kind.FLOAT, number.group());
            return true;
        }
        number = INTEGER.matcher(source).region(at, source.length());
        if (number.lookingAt()) {
            emit(Token.Kind.INTEGER, number.group());
            return true;
        }
        return false;
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw Fault.syntax("unexpected char '" + quote + "' at " + at, line);
        }
        tokens.add(new Token(Token.Kind.STRING, StringLiteral.decode(source.substring(at + 1, end), line), line));
        advance(end + 1);
    }

    private void operator(Deque<Character> open) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(open, operator.charAt(0));
                emit(Token.Kind.OPERATOR, operator);
                return;
            }
        }
        throw Fault.syntax("unexpected char '" + Character.toString(source.codePointAt(at)) + "' at " + at, line);
    }

    private void balance(Deque<Character> open, char bracket) {
        switch (bracket) {
            case '{' -> open.push('}');
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '}', ')', ']' -> {
                if (open.isEmpty()) {
                    throw Fault.syntax("unexpected '" + bracket + "'", line);
                }
                char expected = open.pop();
                if (expected != bracket) {
                    throw Fault.syntax("unexpected '" + bracket + "', expected '" + expected + "'", line);
                }
            }
            default -> {}
        }
    }
}
