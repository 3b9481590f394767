package awl.task;

import java.util.Locale;

/// What the maker of a question expects: the reference for tool use, beside what a model's own answers say.
public enum Level {
    /// A rule, a small table or a short derivation answers it.
    EASY,
    /// It needs the tool.
    HARD;

    /// Name in files.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
