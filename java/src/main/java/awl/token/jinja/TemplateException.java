package awl.token.jinja;

import awl.DataException;

/// A template cannot be parsed or rendered. [#kind] says whose doing it is.
public final class TemplateException extends DataException {
    private static final long serialVersionUID = 1L;

    public enum Kind {
        /// The source is not a template.
        SYNTAX,
        /// The template called `raise_exception`: it refuses these messages, and [#reason] is its own text.
        RAISED,
        /// Anything that went wrong while rendering: an undefined value, a wrong type, a forbidden attribute.
        RUNTIME,
        /// A bound of [Limits] was reached.
        LIMIT
    }

    private final Kind kind;
    private final int line;
    private final String reason;

    TemplateException(Kind kind, String template, int line, String reason) {
        super(template + ":" + line + ": " + reason);
        this.kind = kind;
        this.line = line;
        this.reason = reason;
    }

    public Kind kind() {
        return kind;
    }

    /// Line of the template, from 1; 0 where the failure has no line.
    public int line() {
        return line;
    }

    /// The message without template and line.
    public String reason() {
        return reason;
    }
}
