package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;

/// Tags that name another template: read for their syntax alone, and refused when they are reached.
abstract class ImportParser extends TargetParser {

    ImportParser(TokenStream tokens) {
        super(tokens);
    }

    final Stmt include(int line) {
        Expr template = expression();
        tokens.skipNames("ignore", "missing");
        skipContext();
        return new Stmt.Refused("include", template, List.of(), line);
    }

    private boolean skipContext() {
        return tokens.skipNames("with", "context") || tokens.skipNames("without", "context");
    }

    final Stmt importAs(int line) {
        Expr template = expression();
        tokens.expectName("as");
        Expr.Name target = new Expr.Name(plainName(), Expr.Use.STORE, line);
        skipContext();
        return new Stmt.Refused("import", template, List.of(target), line);
    }

    final Stmt fromImport(int line) {
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
}
