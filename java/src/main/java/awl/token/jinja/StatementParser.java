package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Parses a whole template: text, printed expressions and the statements between block marks.
final class StatementParser extends ImportParser {
    private final OpenTags openTags = new OpenTags();

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
            openTags.lookFor(ends);
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
                        openTags.found();
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
            throw tokens.fail("Unexpected end of template." + openTags.hint());
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
        openTags.open(tag.text());
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
                openTags.close();
                throw Fault.syntax("Encountered unknown tag '" + tag.text() + "'." + openTags.hint(), tag.line());
            }
        };
        openTags.close();
        return statement;
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
}
