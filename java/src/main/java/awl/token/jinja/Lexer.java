package awl.token.jinja;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// Cuts a template into [Token]s: text outside the tags, with the white space around tags treated as Hugging
/// Face sets the reference up (trim_blocks and lstrip_blocks on, one newline at the very end dropped), and
/// words inside them.
final class Lexer extends WordLexer {

    private Lexer(String source) {
        super(source);
    }

    static List<Token> tokenize(String source) {
        String lines = normalizeNewlines(source);
        Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
        lexer.run();
        return lexer.tokens;
    }

    private static String normalizeNewlines(String text) {
        return text.indexOf('\r') < 0 ? text : text.replace("\r\n", "\n").replace('\r', '\n');
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                emit(Token.Kind.DATA, source.substring(at));
                break;
            }
            root(tag);
        }
        tokens.add(new Token(Token.Kind.END, "", line));
    }

    private int nextTag() {
        int brace = source.indexOf('{', at);
        while (brace >= 0 && brace + 1 < source.length()) {
            char next = source.charAt(brace + 1);
            if (next == '%' || next == '{' || next == '#') {
                return brace;
            }
            brace = source.indexOf('{', brace + 1);
        }
        return -1;
    }

    /// The text before the tag, then the tag.
    private void root(int tag) {
        char type = source.charAt(tag + 1);
        int raw = type == '%' ? rawBegin(tag) : -1;
        char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
        boolean signed = sign == '-' || sign == '+';
        data(source.substring(at, tag), signed ? sign : ' ', type == '{');
        int end = raw >= 0 ? raw : tag + (signed ? 3 : 2);
        Token.Kind kind = type == '%' ? Token.Kind.BLOCK_BEGIN : Token.Kind.VARIABLE_BEGIN;
        if (raw < 0 && type != '#') {
            tokens.add(new Token(kind, "", line));
        }
        advance(end);
        if (raw >= 0) {
            rawText();
        } else if (type == '#') {
            comment();
        } else {
            inside(type == '{');
        }
    }

    private void data(String text, char sign, boolean variable) {
        String kept = text;
        if (sign == '-') {
            kept = Text.stripRight(text);
        } else if (sign != '+' && !variable) {
            int lineStart = text.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || lineStarting)
                    && Text.strip(text.substring(lineStart)).isEmpty()) {
                kept = text.substring(0, lineStart);
            }
        }
        if (!kept.isEmpty()) {
            tokens.add(new Token(Token.Kind.DATA, kept, line));
        }
        advance(at + text.length());
    }

    /// End of the raw tag that starts here, or -1 where there is none.
    private int rawBegin(int tag) {
        int p = tag + 2;
        if (p < source.length() && (source.charAt(p) == '-' || source.charAt(p) == '+')) {
            p++;
        }
        p = skipSpace(p);
        if (!source.startsWith("raw", p)) {
            return -1;
        }
        p = skipSpace(p + 3);
        if (source.startsWith("-%}", p)) {
            return skipSpace(p + 3);
        }
        return source.startsWith("%}", p) ? p + 2 : -1;
    }

    private void rawText() {
        if (at == source.length()) {
            return; // overlooked by the reference as well
        }
        for (int open = source.indexOf("{%", at); open >= 0; open = source.indexOf("{%", open + 1)) {
            int p = open + 2;
            char sign = p < source.length() ? source.charAt(p) : ' ';
            p = skipSpace(sign == '-' || sign == '+' ? p + 1 : p);
            if (source.startsWith("endraw", p)) {
                int end = tagEnd(skipSpace(p + 6), "%}");
                if (end >= 0) {
                    data(source.substring(at, open), sign == '-' || sign == '+' ? sign : ' ', false);
                    advance(end);
                    return;
                }
            }
        }
        throw Fault.syntax("Missing end of raw directive", line);
    }

    /// End of a closing mark with its sign and the white space it takes, or -1.
    private int tagEnd(int p, String close) {
        if (source.startsWith("+" + close, p)) {
            return p + 3;
        }
        if (source.startsWith("-" + close, p)) {
            return skipSpace(p + 3);
        }
        if (source.startsWith(close, p)) {
            int end = p + 2;
            return end < source.length() && source.charAt(end) == '\n' ? end + 1 : end;
        }
        return -1;
    }

    private void comment() {
        int close = source.indexOf("#}", at);
        if (close < 0) {
            if (at == source.length()) {
                return; // the reference overlooks a comment opened by the very last characters
            }
            throw Fault.syntax("Missing end of comment tag", line);
        }
        char sign = close > at ? source.charAt(close - 1) : ' ';
        advance(tagEnd(sign == '-' || sign == '+' ? close - 1 : close, "#}"));
    }

    /// Words up to the end of the tag; the end counts only where all brackets are closed.
    private void inside(boolean variable) {
        Deque<Character> open = new ArrayDeque<>();
        while (at < source.length()) {
            if (open.isEmpty()) {
                int end = variable ? variableEnd() : tagEnd(at, "%}");
                if (end >= 0) {
                    tokens.add(new Token(variable ? Token.Kind.VARIABLE_END : Token.Kind.BLOCK_END, "", line));
                    advance(end);
                    return;
                }
            }
            word(open);
        }
    }

    private int variableEnd() {
        if (source.startsWith("-}}", at)) {
            return skipSpace(at + 3);
        }
        return source.startsWith("}}", at) ? at + 2 : -1;
    }
}
