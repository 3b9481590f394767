package awl.token.jinja;

/// A word of the template language. `text` is what was written (for strings: what the literal means).
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA("template data / text"),
        BLOCK_BEGIN("begin of statement block"),
        BLOCK_END("end of statement block"),
        VARIABLE_BEGIN("begin of print statement"),
        VARIABLE_END("end of print statement"),
        NAME("name"),
        STRING("string"),
        INTEGER("integer"),
        FLOAT("float"),
        OPERATOR("operator"),
        END("end of template");

        final String description;

        Kind(String description) {
            this.description = description;
        }
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    String describe() {
        return kind == Kind.NAME || kind == Kind.OPERATOR ? text : kind.description;
    }
}
