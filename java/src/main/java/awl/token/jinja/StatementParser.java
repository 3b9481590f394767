package awl.token.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Parses a whole template: text, printed expressions and the statements between block marks.
final class StatementParser extends ExpressionParser {
    private final Deque<String> openTags = new ArrayDeque<>();
    private final Deque<Set<String>> endTags = new ArrayDeque<>();

    StatementParser(TokenStream tokens) {
        super(tokens);
    }

    List<Stmt> template() {
        return body(Set.of());
    }

    /// Statements up to one of the end tags, whose name is then the current token.
    private List<Stmt> body(Set<String> ends) {
        tokens.enter();
        List<Stmt> body = new ArrayList<>();
        List<Stmt.Part> parts = new ArrayList<>();
        if (!ends.isEmpty()) {
            endTags.push(ends);
        }
        int outputLine = 0;
        while (!tokens.is(Token.Kind.END)) {
            Token token = tokens.next();
            if (parts.isEmpty()) {
                outputLine = token.line();
            }
            switch (token.kind()) {
                case DATA -> parts.add(new Stmt.Part.Data(token.text()));
                case VARIABLE_BEGIN -> {
                    parts.add(new Stmt.Part.Print(tuple(true, "", false)));
                    tokens.expect(Token.Kind.VARIABLE_END);
                }
                default -> {
                    flush(parts, body, outputLine);
                    if (tokens.is(Token.Kind.NAME)
                            && ends.contains(tokens.current().text())) {
                        endTags.pop();
                        tokens.leave();
                        return body;
                    }
                    body.add(statement());
                    tokens.expect(Token.Kind.BLOCK_END);
                }
            }
        }
        flush(parts, body, outputLine);
        if (!ends.isEmpty()) {
            throw tokens.fail("Unexpected end of template." + lookingFor());
        }
        tokens.leave();
        return body;
    }

    private static void flush(List<Stmt.Part> parts, List<Stmt> body, int line) {
        if (!parts.isEmpty()) {
            body.add(new Stmt.Output(List.copyOf(parts), line));
            parts.clear();
        }
    }

    /// The body of a statement whose tag ends here; an old-fashioned colon is allowed.
    private List<Stmt> bodyUntil(String... ends) {
        tokens.skipOperator(":");
        tokens.expect(Token.Kind.BLOCK_END);
        return body(Set.of(ends));
    }

    private List<Stmt> wholeBody(String end) {
        List<Stmt> body = bodyUntil(end);
        tokens.next();
        return body;
    }

    private Stmt statement() {
        Token tag = tokens.current();
        if (tag.kind() != Token.Kind.NAME) {
            throw Fault.syntax("tag name expected", tag.line());
        }
        openTags.push(tag.text());
        tokens.next();
        Stmt statement = switch (tag.text()) {
            case "for" -> forLoop(tag.line());
            case "if" -> ifChain(tag.line());
            case "set" -> set(tag.line());
            case "with" -> with(tag.line());
            case "macro" -> macro(tag.line());
            case "call" -> callBlock(tag.line());
            case "filter" -> {
                Expr filter = filters(new Expr.Absent(tag.line()), true);
                yield new Stmt.FilterBlock(filter, wholeBody("endfilter"), tag.line());
            }
            case "generation" -> new Stmt.Generation(wholeBody("endgeneration"), tag.line());
            case "autoescape" -> {
                Expr on = expression();
                yield new Stmt.Autoescape(on, wholeBody("endautoescape"), tag.line());
            }
            case "print" -> print(tag.line());
            case "block" -> block(tag.line());
            case "break" -> new Stmt.Break(tag.line());
            case "continue" -> new Stmt.Continue(tag.line());
            case "include" -> include(tag.line());
            case "import" -> importAs(tag.line());
            case "from" -> fromImport(tag.line());
            case "extends" -> new Stmt.Refused("extends", expression(), List.of(), tag.line());
            default -> {
                openTags.pop();
                throw Fault.syntax("Encountered unknown tag '" + tag.text() + "'." + lookingFor(), tag.line());
            }
        };
        openTags.pop();
        return statement;
    }

    private String lookingFor() {
        StringBuilder hint = new StringBuilder();
        if (!endTags.isEmpty()) {
            hint.append(" Jinja was looking for the following tags: ")
                    .append(endTags.peek().stream()
                            .sorted()
                            .map(name -> "'" + name + "'")
                            .collect(Collectors.joining(" or ")))
                    .append('.');
        }
        if (!openTags.isEmpty()) {
            hint.append(" The innermost block that needs to be closed is '")
                    .append(openTags.peek())
                    .append("'.");
        }
        return hint.toString();
    }

    private Stmt forLoop(int line) {
        Expr target = target(false, "in", Expr.Use.STORE);
        tokens.expectName("in");
        Expr items = tuple(false, "recursive", false);
        Expr test = tokens.skipName("if") ? expression() : new Expr.Absent(line);
        boolean recursive = tokens.skipName("recursive");
        List<Stmt> body = bodyUntil("endfor", "else");
        List<Stmt> otherwise = tokens.next().text().equals("else") ? wholeBody("endfor") : List.of();
        return new Stmt.For(target, items, test, recursive, body, otherwise, line);
    }

    private Stmt ifChain(int line) {
        List<Stmt.Branch> branches = new ArrayList<>();
        List<Stmt> otherwise = List.of();
        while (true) {
            Expr test = tuple(false, "", false);
            branches.add(new Stmt.Branch(test, bodyUntil("elif", "else", "endif")));
            String end = tokens.next().text();
            if (end.equals("elif")) {
                continue;
            }
            if (end.equals("else")) {
                otherwise = wholeBody("endif");
            }
            return new Stmt.If(branches, otherwise, line);
        }
    }

    private Stmt set(int line) {
        Expr target = target(true, "", Expr.Use.STORE);
        if (tokens.skipOperator("=")) {
            return new Stmt.Assign(target, tuple(true, "", false), line);
        }
        Expr filter = filters(new Expr.Absent(line), false);
        return new Stmt.AssignBlock(target, filter, wholeBody("endset"), line);
    }

    private Stmt with(int line) {
        List<Expr> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!tokens.is(Token.Kind.BLOCK_END)) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(target(false, "", Expr.Use.PARAMETER));
            tokens.expectOperator("=");
            values.add(expression());
        }
        return new Stmt.With(targets, values, wholeBody("endwith"), line);
    }

    private Stmt macro(int line) {
        String name = plainName();
        Stmt.Parameters parameters = parameters();
        return new Stmt.MacroDef(name, parameters, wholeBody("endmacro"), line);
    }

    private Stmt callBlock(int line) {
        Stmt.Parameters parameters = tokens.isOperator("(") ? parameters() : Stmt.Parameters.NONE;
        if (!(expression() instanceof Expr.Call call)) {
            throw Fault.syntax("expected call", line);
        }
        return new Stmt.CallBlock(call, parameters, wholeBody("endcall"), line);
    }

    private Stmt.Parameters parameters() {
        List<Expr.Name> names = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        tokens.expectOperator("(");
        while (!tokens.isOperator(")")) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            int line = tokens.current().line();
            String name = plainName();
            if (!seen.add(name)) {
                throw Fault.syntax("duplicate argument '" + name + "'", line);
            }
            if (tokens.skipOperator("=")) {
                defaults.add(expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.fail("non-default argument follows default argument");
            }
            names.add(new Expr.Name(name, Expr.Use.PARAMETER, line));
        }
        tokens.next();
        return new Stmt.Parameters(names, defaults);
    }

    private String plainName() {
        Token token = tokens.expect(Token.Kind.NAME);
        if (Set.of("true", "false", "none", "True", "False", "None").contains(token.text())) {
            throw Fault.syntax("can't assign to 'name'", token.line());
        }
        return token.text();
    }

    private Stmt include(int line) {
        Expr template = expression();
        if (tokens.isName("ignore") && tokens.look().isName("missing")) {
            tokens.next();
            tokens.next();
        }
        skipContext();
        return new Stmt.Refused("include", template, List.of(), line);
    }

    private boolean skipContext() {
        boolean found = (tokens.isName("with") || tokens.isName("without"))
                && tokens.look().isName("context");
        if (found) {
            tokens.next();
            tokens.next();
        }
        return found;
    }

    private Stmt importAs(int line) {
        Expr template = expression();
        tokens.expectName("as");
        Expr.Name target = new Expr.Name(plainName(), Expr.Use.STORE, line);
        skipContext();
        return new Stmt.Refused("import", template, List.of(target), line);
    }

    private Stmt fromImport(int line) {
        Expr template = expression();
        tokens.expectName("import");
        List<Expr.Name> targets = new ArrayList<>();
        do {
            if (skipContext()) {
                break;
            }
            String name = plainName();
            if (name.startsWith("_")) {
                throw Fault.syntax("names starting with an underline can not be imported", line);
            }
            String alias = tokens.skipName("as") ? plainName() : name;
            targets.add(new Expr.Name(alias, Expr.Use.STORE, line));
        } while (!skipContext() && tokens.skipOperator(","));
        return new Stmt.Refused("from", template, targets, line);
    }

    private Stmt print(int line) {
        List<Stmt.Part> parts = new ArrayList<>();
        while (!tokens.is(Token.Kind.BLOCK_END)) {
            if (!parts.isEmpty()) {
                tokens.expectOperator(",");
            }
            parts.add(new Stmt.Part.Print(expression()));
        }
        return new Stmt.Output(parts, line);
    }

    private Stmt block(int line) {
        String name = tokens.expect(Token.Kind.NAME).text();
        boolean scoped = tokens.skipName("scoped");
        boolean required = tokens.skipName("required");
        List<Stmt> body = wholeBody("endblock");
        if (required && !body.stream().allMatch(StatementParser::isBlank)) {
            throw Fault.syntax("Required blocks can only contain comments or whitespace", line);
        }
        tokens.skipName(name);
        return new Stmt.Block(name, scoped, required, body, line);
    }

    private static boolean isBlank(Stmt statement) {
        return statement instanceof Stmt.Output output
                && output.parts().stream()
                        .allMatch(
                                part -> part instanceof Stmt.Part.Data data && Letters.all(data.text(), Text::isSpace));
    }

    /// What an assignment may write to: a name, an attribute of a namespace where allowed, or a tuple of
    /// these.
    private Expr target(boolean withNamespace, String endName, Expr.Use use) {
        int line = tokens.current().line();
        List<Expr> items = new ArrayList<>();
        boolean comma = false;
        while (!atTupleEnd(endName)) {
            items.add(primary(withNamespace));
            if (!tokens.isOperator(",")) {
                break;
            }
            comma = true;
            tokens.next();
        }
        return assignable(tupleOrItem(items, comma, false, line), use);
    }

    private static Expr assignable(Expr target, Expr.Use use) {
        return switch (target) {
            case Expr.Name name -> new Expr.Name(name.name(), use, name.line());
            case Expr.NamespaceTarget _ -> target;
            case Expr.TupleOf tuple -> {
                List<Expr> items = new ArrayList<>();
                tuple.items().forEach(item -> items.add(assignable(item, use)));
                yield new Expr.TupleOf(items, tuple.line());
            }
            default ->
                throw Fault.syntax(
                        "can't assign to '" + target.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT)
                                + "'",
                        target.line());
        };
    }
}
