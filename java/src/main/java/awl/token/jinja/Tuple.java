package awl.token.jinja;

import java.util.List;

/// An immutable sequence, distinct from a list as in Python: it prints with parentheses and never equals a
/// list.
class Tuple {
    final List<Object> items;

    Tuple(List<Object> items) {
        this.items = items;
    }

    static Tuple of(Object... items) {
        return new Tuple(List.of(items));
    }

    /// What `groupby` yields: a pair whose halves also have names.
    static final class Group extends Tuple {
        Group(Object grouper, List<Object> members) {
            super(List.of(grouper, members));
        }
    }
}
