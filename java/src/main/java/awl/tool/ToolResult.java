package awl.tool;

/// What came of a call.
public sealed interface ToolResult {

    /// What the model reads.
    String text();

    /// The tool's answer.
    record Answered(String text) implements ToolResult {}

    /// Why there is none, told so that the next call can be better.
    ///
    /// @param text begins with `error: `
    record Failed(Cause cause, String text) implements ToolResult {}

    /// Kinds of failure, for reports.
    enum Cause {
        /// Text that was meant as a call but is none.
        MALFORMED,
        /// No tool of that name.
        UNKNOWN_TOOL,
        /// Arguments against the schema, or outside what the tool can do.
        ARGUMENTS,
        /// Longer than the limit.
        TIME,
        /// The tool itself broke.
        TOOL
    }

    static ToolResult answered(String text) {
        return new Answered(text);
    }

    /// @param reason without `error: `
    static ToolResult failed(Cause cause, String reason) {
        return new Failed(cause, "error: " + reason);
    }

    /// An argument that fits the schema but not the tool.
    static ToolResult refused(String reason) {
        return failed(Cause.ARGUMENTS, reason);
    }

    default boolean isAnswered() {
        return this instanceof Answered;
    }
}
