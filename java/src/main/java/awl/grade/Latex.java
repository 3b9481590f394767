package awl.grade;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Turns LaTeX, and the marks that models put around answers, into plain text: `\frac{1}{2}` becomes
/// `((1)/(2))`, `x^{2}` becomes `x^(2)`, `\text{cm}` becomes ` cm `, `10{,}000` becomes `10000`.
final class Latex {

    private static final Map<String, String> SYMBOLS = Map.ofEntries(
            Map.entry("times", "*"),
            Map.entry("cdot", "*"),
            Map.entry("ast", "*"),
            Map.entry("div", "/"),
            Map.entry("pm", "±"),
            Map.entry("infty", " inf "),
            Map.entry("cup", "∪"),
            Map.entry("le", "<="),
            Map.entry("leq", "<="),
            Map.entry("ge", ">="),
            Map.entry("geq", ">="),
            Map.entry("approx", "="),
            Map.entry("degree", "°"),
            Map.entry("circ", "°"),
            Map.entry("lvert", "|"),
            Map.entry("rvert", "|"),
            Map.entry("vert", "|"),
            Map.entry("mid", "|"),
            Map.entry("mu", " mu "),
            Map.entry("left", ""),
            Map.entry("right", ""),
            Map.entry("big", ""),
            Map.entry("Big", ""),
            Map.entry("bigl", ""),
            Map.entry("bigr", ""),
            Map.entry("displaystyle", ""),
            Map.entry("quad", " "),
            Map.entry("qquad", " "),
            Map.entry("in", " in "),
            Map.entry("dots", "..."),
            Map.entry("ldots", "..."));

    /// Commands whose argument stands for itself.
    private static final java.util.Set<String> WRAPPERS = java.util.Set.of(
            "text",
            "textbf",
            "textit",
            "textrm",
            "mathrm",
            "mathbf",
            "mathit",
            "mathsf",
            "operatorname",
            "mbox",
            "boxed",
            "fbox",
            "mathbb",
            "bm",
            "boldsymbol",
            "emph",
            "underline",
            "tag",
            "ensuremath");

    private static final Pattern THOUSANDS = Pattern.compile("(?<=\\d)(?:,|\\{,\\}|\\\\,|\\\\!)\\s?(?=\\d{3}(?!\\d))");
    private static final int DEEPEST = 100;
    private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";

    private final String text;
    private int at;
    private int depth;

    private Latex(String text) {
        this.text = text;
    }

    /// @param numbersOnly whether commas between groups of three digits separate thousands, as they do in a
    ///     number but not always in a tuple
    static String plain(String text, boolean numbersOnly) {
        String prepared = text.replace("\\left", "")
                .replace("\\right", "")
                .replace("\\%", "%")
                .replace("\\$", "")
                .replace("\\#", "")
                .replace("\\{", "{ ")
                .replace("\\}", " }")
                .replace("\\!", "")
                .replace("\\\\", ";;")
                .replace("−", "-")
                .replace("–", "-")
                .replace("×", "*")
                .replace("·", "*")
                .replace("⋅", "*")
                .replace("÷", "/")
                .replace("π", " pi ")
                .replace("√", "\\sqrt")
                .replace("∞", " inf ")
                .replace("≈", "=")
                .replace("½", "(1/2)")
                .replace("¼", "(1/4)")
                .replace("¾", "(3/4)")
                .replace("≤", "<=")
                .replace("≥", ">=")
                .replace("µ", "μ")
                .replace("\u00a0", " ")
                .replace("\u202f", " ")
                .replace("\u2009", " ")
                .replace("$", "")
                .replace("`", "")
                .replace("**", numbersOnly ? "" : "^");
        if (numbersOnly) {
            prepared = THOUSANDS.matcher(prepared).replaceAll("");
        } else {
            prepared = prepared.replaceAll("(?<=\\d)(?:\\{,\\}|\\\\,)(?=\\d{3}(?!\\d))", "");
        }
        prepared = superscripts(prepared);
        Latex reader = new Latex(prepared);
        return reader.read(false)
                .replaceAll("\\^\\s*(?:°|\\(\\s*°\\s*\\))", "°")
                .replaceAll("\\s+", " ")
                .strip();
    }

    private static String superscripts(String text) {
        Matcher run = Pattern.compile("[" + SUPERSCRIPTS + "]+").matcher(text);
        StringBuilder out = new StringBuilder();
        while (run.find()) {
            StringBuilder digits = new StringBuilder("^(");
            for (char each : run.group().toCharArray()) {
                int index = SUPERSCRIPTS.indexOf(each);
                digits.append(index == 10 ? "-" : String.valueOf(index));
            }
            run.appendReplacement(
                    out, Matcher.quoteReplacement(digits.append(')').toString()));
        }
        return run.appendTail(out).toString();
    }

    private String read(boolean group) {
        if (++depth > DEEPEST) {
            at = text.length(); // no answer is nested like that
            return "";
        }
        try {
            return readOn(group);
        } finally {
            depth--;
        }
    }

    private String readOn(boolean group) {
        StringBuilder out = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '}' && group) {
                break;
            }
            if (c == '\\') {
                out.append(command());
            } else if (c == '{') {
                // A group after ^ or _ binds as one; elsewhere braces show nothing, but a set keeps them.
                boolean set = at + 1 < text.length() && text.charAt(at + 1) == ' ' && !afterScript(out);
                String inner = argument();
                out.append(set ? "{" + inner.strip() + "}" : afterScript(out) ? "(" + inner + ")" : inner);
            } else {
                out.append(c);
                at++;
            }
        }
        return out.toString();
    }

    private static boolean afterScript(StringBuilder out) {
        return !out.isEmpty() && (out.charAt(out.length() - 1) == '^' || out.charAt(out.length() - 1) == '_');
    }

    private String command() {
        at++;
        int from = at;
        while (at < text.length() && Character.isLetter(text.charAt(at))) {
            at++;
        }
        String name = text.substring(from, at);
        if (name.isEmpty()) {
            // \, \; \: and a lone backslash are blanks
            at = Math.min(text.length(), at + 1);
            return " ";
        }
        switch (name) {
            case "frac", "dfrac", "tfrac", "cfrac" -> {
                String above = argument();
                return "((" + above + ")/(" + argument() + "))";
            }
            case "binom", "dbinom", "tbinom" -> {
                String above = argument();
                return "binom(" + above + "," + argument() + ")";
            }
            case "sqrt" -> {
                skipBlanks();
                if (at < text.length() && text.charAt(at) == '[') {
                    int end = text.indexOf(']', at);
                    if (end > 0) {
                        String degree = text.substring(at + 1, end);
                        at = end + 1;
                        return "root(" + degree + "," + argument() + ")";
                    }
                }
                return "sqrt(" + argument() + ")";
            }
            case "begin", "end" -> {
                String environment = argument();
                return environment.contains("matrix") ? name.equals("begin") ? "[" : "]" : "";
            }
            default -> {
                if (WRAPPERS.contains(name)) {
                    return " " + argument() + " ";
                }
                String symbol = SYMBOLS.get(name);
                return symbol != null ? symbol : " " + name + " ";
            }
        }
    }

    private void skipBlanks() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
    }

    /// The next group in braces or parentheses, or the next letter, digit or command.
    private String argument() {
        skipBlanks();
        if (at >= text.length()) {
            return "";
        }
        char c = text.charAt(at);
        if (c == '{') {
            at++;
            String inner = read(true);
            at = Math.min(text.length(), at + 1);
            return inner;
        }
        if (c == '\\') {
            return command();
        }
        if (c == '(') {
            int depth = 0;
            int from = at;
            while (at < text.length()) {
                char each = text.charAt(at++);
                depth += each == '(' ? 1 : each == ')' ? -1 : 0;
                if (depth == 0) {
                    break;
                }
            }
            return plainInner(text.substring(from + 1, Math.max(from + 1, at - 1)));
        }
        at++;
        return String.valueOf(c);
    }

    private String plainInner(String inner) {
        Latex reader = new Latex(inner);
        reader.depth = depth + 1;
        return reader.read(false);
    }
}
