package awl.token.jinja;

/// A compiled statement.
@FunctionalInterface
interface Exec {
    /// How a statement ended, for the loops around it.
    enum Signal {
        NEXT,
        BREAK,
        CONTINUE
    }

    Signal run(Activation activation, StringBuilder out);
}
