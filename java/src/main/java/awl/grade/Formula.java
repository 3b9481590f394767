package awl.grade;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A formula that can be evaluated: `+ - * / ^ !`, implicit products, functions, roots, logarithms, |x|,
/// degrees, percent, names as variables. Reads what [Latex] makes plain.
final class Formula {

    private static final Set<String> FUNCTIONS = Set.of(
            "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "asin", "acos", "atan", "sinh",
            "cosh", "tanh", "exp", "ln", "log", "sqrt", "abs");
    private static final Set<String> WORDS = Set.of(
            "alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "nu", "rho", "sigma", "tau", "phi",
            "omega", "varphi", "kappa", "eta", "zeta", "psi", "chi", "xi", "pi", "inf");
    private static final int DEEPEST = 60;

    private final String text;
    private final Set<String> variables = new TreeSet<>();
    private int at;
    private int depth;

    private Formula(String text) {
        this.text = text;
    }

    /// A value at given variables.
    interface Node {
        double at(Map<String, Double> variables);
    }

    /// @param variables that occur
    record Parsed(Node node, Set<String> variables) {}

    /// Not a formula.
    private static final class NotOne extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotOne() {
            super(null, null, false, false);
        }
    }

    /// The formula, or null where the text is none.
    static @Nullable Parsed parse(String text) {
        Formula reader = new Formula(text);
        try {
            Node node = reader.sum();
            return reader.peek() == 0 ? new Parsed(node, reader.variables) : null;
        } catch (NotOne e) {
            return null;
        }
    }

    private Node sum() {
        if (++depth > DEEPEST) {
            throw new NotOne();
        }
        Node left = product();
        while (true) {
            char sign = peek();
            if (sign != '+' && sign != '-') {
                depth--;
                return left;
            }
            at++;
            Node a = left;
            Node b = product();
            left = sign == '+' ? v -> a.at(v) + b.at(v) : v -> a.at(v) - b.at(v);
        }
    }

    private Node product() {
        Node left = signed();
        while (true) {
            char c = peek();
            Node a = left;
            if (c == '*' || c == '/') {
                at++;
                Node b = signed();
                left = c == '*' ? v -> a.at(v) * b.at(v) : v -> a.at(v) / b.at(v);
            } else if (c == '(' || Character.isLetterOrDigit(c)) {
                Node b = power(); // 2x, 3(x+1), x y
                left = v -> a.at(v) * b.at(v);
            } else {
                return left;
            }
        }
    }

    private Node signed() {
        char sign = peek();
        if (sign != '-' && sign != '+') {
            return power();
        }
        at++;
        if (++depth > DEEPEST) {
            throw new NotOne();
        }
        Node inner = signed();
        depth--;
        return sign == '-' ? v -> -inner.at(v) : inner;
    }

    private Node power() {
        Node base = postfix(operand());
        if (peek() != '^') {
            return base;
        }
        at++;
        if (peek() == '°') {
            at++;
            return v -> Math.toRadians(base.at(v));
        }
        Node exponent = signed();
        return v -> Math.pow(base.at(v), exponent.at(v));
    }

    private Node postfix(Node inner) {
        Node node = inner;
        while (true) {
            Node a = node;
            switch (peek()) {
                case '!' -> node = v -> factorial(a.at(v));
                case '%' -> node = v -> a.at(v) / 100;
                case '°' -> node = v -> Math.toRadians(a.at(v));
                default -> {
                    return node;
                }
            }
            at++;
        }
    }

    private Node operand() {
        char c = peek();
        if (c == '(') {
            at++;
            Node inner = sum();
            expect(')');
            return inner;
        }
        if (c == '|') {
            at++;
            Node inner = sum();
            expect('|');
            return v -> Math.abs(inner.at(v));
        }
        if (Character.isDigit(c) || c == '.') {
            double value = number();
            return v -> value;
        }
        if (Character.isLetter(c)) {
            return name();
        }
        throw new NotOne();
    }

    private double number() {
        int from = at;
        while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
            at++;
        }
        // 1e5, but not 2e (twice Euler's number)
        if (at + 1 < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            int to = at + 1;
            if (text.charAt(to) == '-' || text.charAt(to) == '+') {
                to++;
            }
            int digits = to;
            while (to < text.length() && Character.isDigit(text.charAt(to))) {
                to++;
            }
            if (to > digits) {
                at = to;
            }
        }
        try {
            return Double.parseDouble(text.substring(from, at));
        } catch (NumberFormatException e) {
            throw new NotOne();
        }
    }

    private Node name() {
        int from = at;
        while (at < text.length() && Character.isLetter(text.charAt(at))) {
            at++;
        }
        String word = text.substring(from, at);
        String function = FUNCTIONS.contains(word) ? word : prefix(word);
        if (function != null && !word.equals(function)) {
            at = from + function.length(); // sinx
        }
        if (function != null) {
            return function(function);
        }
        if (word.equals("root") || word.equals("binom")) {
            expect('(');
            Node a = sum();
            expect(',');
            Node b = sum();
            expect(')');
            return word.equals("root") ? v -> root(a.at(v), b.at(v)) : v -> binomial(a.at(v), b.at(v));
        }
        if (!WORDS.contains(word) && word.length() > 1) {
            at = from + 1; // xy is x times y
            word = text.substring(from, at);
        }
        String full = word + subscript();
        return switch (full) {
            case "pi" -> v -> Math.PI;
            case "e" -> v -> Math.E;
            case "inf" -> v -> Double.POSITIVE_INFINITY;
            default -> {
                variables.add(full);
                yield v -> v.getOrDefault(full, Double.NaN);
            }
        };
    }

    private static @Nullable String prefix(String word) {
        String longest = null;
        for (String each : FUNCTIONS) {
            if (word.startsWith(each)
                    && !WORDS.contains(word)
                    && (longest == null || each.length() > longest.length())) {
                longest = each;
            }
        }
        return longest;
    }

    private String subscript() {
        if (at >= text.length() || text.charAt(at) != '_') {
            return "";
        }
        at++;
        int from = at;
        if (at < text.length() && text.charAt(at) == '(') {
            while (at < text.length() && text.charAt(at) != ')') {
                at++;
            }
            at = Math.min(text.length(), at + 1);
            return "_" + text.substring(from + 1, Math.max(from + 1, at - 1)).strip();
        }
        at = Math.min(text.length(), at + 1);
        return "_" + text.substring(from, at);
    }

    private Node function(String name) {
        Node base = null;
        if (name.equals("log") && peek() == '_') {
            at++;
            base = operand();
        }
        Node power = null;
        if (peek() == '^') { // sin^2 x
            at++;
            power = peek() == '-' ? signed() : operand();
        }
        Node inner = peek() == '(' ? operand() : argument();
        Node of = base == null ? v -> apply(name, inner.at(v)) : logarithm(base, inner);
        if (power == null) {
            return of;
        }
        Node exponent = power;
        return v -> Math.pow(of.at(v), exponent.at(v));
    }

    private static Node logarithm(Node base, Node inner) {
        return v -> Math.log(inner.at(v)) / Math.log(base.at(v));
    }

    /// Of `sin 2x`: the product without a sign before it, up to the next function.
    private Node argument() {
        Node left = peek() == '-' ? signed() : power();
        while (Character.isLetterOrDigit(peek()) && !startsFunction()) {
            Node a = left;
            Node b = power();
            left = v -> a.at(v) * b.at(v);
        }
        return left;
    }

    private boolean startsFunction() {
        int to = at;
        while (to < text.length() && Character.isLetter(text.charAt(to))) {
            to++;
        }
        return prefix(text.substring(at, to)) != null;
    }

    private static double apply(String name, double x) {
        return switch (name) {
            case "sin" -> Math.sin(x);
            case "cos" -> Math.cos(x);
            case "tan" -> Math.tan(x);
            case "cot" -> 1 / Math.tan(x);
            case "sec" -> 1 / Math.cos(x);
            case "csc" -> 1 / Math.sin(x);
            case "arcsin", "asin" -> Math.asin(x);
            case "arccos", "acos" -> Math.acos(x);
            case "arctan", "atan" -> Math.atan(x);
            case "sinh" -> Math.sinh(x);
            case "cosh" -> Math.cosh(x);
            case "tanh" -> Math.tanh(x);
            case "exp" -> Math.exp(x);
            case "ln" -> Math.log(x);
            case "log" -> Math.log10(x);
            case "sqrt" -> Math.sqrt(x);
            default -> Math.abs(x);
        };
    }

    private static double root(double degree, double x) {
        return x < 0 && degree % 2 == 1 ? -Math.pow(-x, 1 / degree) : Math.pow(x, 1 / degree);
    }

    private static double factorial(double n) {
        if (n < 0 || n > 170 || n != Math.rint(n)) {
            return Double.NaN;
        }
        double product = 1;
        for (int i = 2; i <= n; i++) {
            product *= i;
        }
        return product;
    }

    private static double binomial(double n, double k) {
        return factorial(n) / factorial(k) / factorial(n - k);
    }

    private void expect(char c) {
        if (peek() != c) {
            throw new NotOne();
        }
        at++;
    }

    private char peek() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    /// Parts of a list at the top level: commas inside brackets do not count.
    static List<String> parts(String text, String separators) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ("([{".indexOf(c) >= 0) {
                depth++;
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            } else if (depth == 0 && separators.indexOf(c) >= 0) {
                parts.add(text.substring(from, i).strip());
                from = i + 1;
            }
        }
        parts.add(text.substring(from).strip());
        return parts;
    }
}
