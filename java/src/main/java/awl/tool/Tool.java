package awl.tool;

import awl.chat.ToolSpec;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something a model can call. One file a tool, one line in [Toolbox#standard].
///
/// A tool is called from many threads at once, looks at the thread's interruption in long loops, and answers the same
/// arguments the same way unless [#repeatable] says otherwise.
public interface Tool {

    /// Name, description and JSON schema of the arguments, as models are told of it.
    ToolSpec spec();

    /// Runs the tool.
    ///
    /// @param arguments that fit the schema, in the order of the call
    ToolResult call(Map<String, @Nullable Object> arguments);

    /// Whether equal arguments always give equal results, so that a result may be kept.
    default boolean repeatable() {
        return true;
    }

    /// What must be installed before the tool can run; empty where nothing is missing.
    default String missing() {
        return "";
    }

    default String name() {
        return spec().name();
    }
}
