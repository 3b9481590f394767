package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Operators, one method a level of precedence, loosest first: `if`, `or`, `and`, `not`, comparison, `+ -`, `~`,
/// `* / // %`, `**`, sign. The order is Jinja's own, and in places not what one expects: a filter binds tighter
/// than a minus, `**` is left-associative.
abstract class ExpressionParser extends PostfixParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    ExpressionParser(TokenStream tokens) {
        super(tokens);
    }

    @Override
    final Expr expression(boolean withConditional) {
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
            } else if (tokens.skipNames("not", "in")) {
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
}
