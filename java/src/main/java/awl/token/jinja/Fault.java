package awl.token.jinja;

/// A failure inside the engine, sorted as Python sorts its exceptions because the language reacts to the
/// sort: subscripting swallows [Sort#TYPE] and [Sort#LOOKUP], the `int` filter swallows [Sort#TYPE] and
/// [Sort#VALUE]. It never leaves the package: [JinjaTemplate] turns it into a [TemplateException] with name
/// and line.
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    enum Sort {
        SYNTAX,
        TYPE,
        LOOKUP,
        VALUE,
        ARITHMETIC,
        UNDEFINED,
        SECURITY,
        RUNTIME,
        RAISED,
        LIMIT
    }

    final Sort sort;

    /// Line of the template, or 0 where only the caller knows it.
    final int line;

    Fault(Sort sort, String message) {
        this(sort, message, 0);
    }

    Fault(Sort sort, String message, int line) {
        // no stack trace: a fault is often caught and answered by the language itself
        super(message, null, false, false);
        this.sort = sort;
        this.line = line;
    }

    static Fault type(String message) {
        return new Fault(Sort.TYPE, message);
    }

    static Fault lookup(String message) {
        return new Fault(Sort.LOOKUP, message);
    }

    static Fault value(String message) {
        return new Fault(Sort.VALUE, message);
    }

    static Fault arithmetic(String message) {
        return new Fault(Sort.ARITHMETIC, message);
    }

    static Fault runtime(String message) {
        return new Fault(Sort.RUNTIME, message);
    }

    static Fault limit(String message) {
        return new Fault(Sort.LIMIT, message);
    }

    static Fault syntax(String message, int line) {
        return new Fault(Sort.SYNTAX, message, line);
    }

    @Override
    public String getMessage() {
        String message = super.getMessage();
        return message == null ? "" : message;
    }
}
