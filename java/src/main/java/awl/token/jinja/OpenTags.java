package awl.token.jinja;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.stream.Collectors;

/// The tags that are open where the parser stands and those that would end their bodies, for its messages.
final class OpenTags {
    private final Deque<String> tags = new ArrayDeque<>();
    private final Deque<Set<String>> ends = new ArrayDeque<>();

    void open(String tag) {
        tags.push(tag);
    }

    void close() {
        tags.pop();
    }

    /// A body begins that one of these tags ends.
    void lookFor(Set<String> ending) {
        ends.push(ending);
    }

    /// The innermost body has ended.
    void found() {
        ends.pop();
    }

    /// What the parser was looking for, as the end of a message.
    String hint() {
        StringBuilder hint = new StringBuilder();
        if (!ends.isEmpty()) {
            hint.append(" Jinja was looking for the following tags: ")
                    .append(ends.peek().stream()
                            .sorted()
                            .map(name -> "'" + name + "'")
                            .collect(Collectors.joining(" or ")))
                    .append('.');
        }
        if (!tags.isEmpty()) {
            hint.append(" The innermost block that needs to be closed is '")
                    .append(tags.peek())
                    .append("'.");
        }
        return hint.toString();
    }
}
