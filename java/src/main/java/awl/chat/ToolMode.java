package awl.chat;

/// Whether the answerer may use tools: the paper's P_n, P_i and P_f.
public enum ToolMode {
    /// P_n: no tools may be used.
    NONE,
    /// P_i: tools are listed, the model decides.
    OPTIONAL,
    /// P_f: tools must be used.
    FORCED
}
