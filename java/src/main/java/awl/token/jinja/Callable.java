package awl.token.jinja;

/// A value that a template may call: macros, global functions, bound methods, and the loop variable.
interface Callable {
    Object call(Render render, Arguments arguments);

    /// The name Python would show, for messages.
    String name();
}
