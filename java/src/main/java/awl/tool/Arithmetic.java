package awl.tool;

import awl.DataException;

/// Values of arithmetic expressions: `+ - * / ^`, parentheses, decimals (`.5` too), thousands commas, a `$` before
/// and a `%` behind a number (50% = 0.5), `x`, `×` and `÷`. Double precision, as a pocket calculator has it.
public final class Arithmetic {

    private static final int DEEPEST = 100;

    private final String text;
    private int at;
    private int depth;

    private Arithmetic(String text) {
        this.text = text;
    }

    /// @throws DataException where the text is no expression, or its value is not finite
    public static double value(String expression) {
        Arithmetic reader = new Arithmetic(expression);
        double value = reader.sum();
        if (reader.peek() != 0) {
            throw reader.wrong("an operator");
        }
        if (!Double.isFinite(value)) {
            throw new DataException("'" + expression + "' has no finite value");
        }
        return value;
    }

    private double sum() {
        double left = product();
        while (true) {
            switch (peek()) {
                case '+' -> {
                    at++;
                    left += product();
                }
                case '-' -> {
                    at++;
                    left -= product();
                }
                default -> {
                    return left;
                }
            }
        }
    }

    private double product() {
        double left = signed();
        while (true) {
            switch (peek()) {
                case '*', 'x', '×' -> {
                    at++;
                    left *= signed();
                }
                case '/', '÷' -> {
                    at++;
                    left /= signed();
                }
                default -> {
                    return left;
                }
            }
        }
    }

    private double signed() {
        char sign = peek();
        if (sign != '-' && sign != '+') {
            return power();
        }
        at++;
        deeper();
        double value = signed();
        depth--;
        return sign == '-' ? -value : value;
    }

    private double power() {
        double base = operand();
        if (peek() != '^') {
            return base;
        }
        at++;
        deeper();
        double exponent = signed();
        depth--;
        return Math.pow(base, exponent);
    }

    private double operand() {
        double value;
        if (peek() == '(') {
            at++;
            deeper();
            value = sum();
            depth--;
            if (peek() != ')') {
                throw wrong("a closing parenthesis");
            }
            at++;
        } else {
            value = number();
        }
        while (peek() == '%') {
            at++;
            value /= 100;
        }
        return value;
    }

    private double number() {
        if (peek() == '$') {
            at++;
        }
        peek();
        StringBuilder digits = new StringBuilder();
        while (at < text.length() && (isDigit(at) || text.charAt(at) == '.' || isThousands(at))) {
            if (text.charAt(at) != ',') {
                digits.append(text.charAt(at));
            }
            at++;
        }
        try {
            return Double.parseDouble(digits.toString());
        } catch (NumberFormatException e) {
            throw wrong("a number");
        }
    }

    private boolean isThousands(int index) {
        return text.charAt(index) == ','
                && index > 0
                && isDigit(index - 1)
                && isDigit(index + 1)
                && isDigit(index + 2)
                && isDigit(index + 3)
                && !isDigit(index + 4);
    }

    private boolean isDigit(int index) {
        return index < text.length() && text.charAt(index) >= '0' && text.charAt(index) <= '9';
    }

    private void deeper() {
        if (++depth > DEEPEST) {
            throw new DataException("nested deeper than " + DEEPEST);
        }
    }

    /// The next character that is no blank, 0 at the end.
    private char peek() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private DataException wrong(String expected) {
        return new DataException("'%s', character %d: expected %s".formatted(text, at + 1, expected));
    }
}
