package awl.cli;

import org.jspecify.annotations.Nullable;

/// One line of `awl doctor`.
///
/// @param group heading it stands under
/// @param name what was looked at
/// @param state how it stands with it
/// @param value what was found, and why where there was a choice
/// @param advice what to do; null where there is nothing to do
record Finding(
        String group,
        String name,
        State state,
        String value,
        @Nullable String advice) {

    /// What a finding means for the user.
    enum State {
        OK,
        /// Works, but slower or without an optional part.
        NOTE,
        /// Nothing runs without it.
        BROKEN
    }

    static Finding ok(String group, String name, String value) {
        return new Finding(group, name, State.OK, value, null);
    }

    static Finding note(String group, String name, String value, String advice) {
        return new Finding(group, name, State.NOTE, value, advice);
    }

    static Finding broken(String group, String name, String value, String advice) {
        return new Finding(group, name, State.BROKEN, value, advice);
    }
}
