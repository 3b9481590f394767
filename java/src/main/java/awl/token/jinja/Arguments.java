package awl.token.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The arguments of one call: by position and by keyword, in the order written.
record Arguments(List<Object> positional, Map<String, Object> keywords) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /// The same call with one more leading argument: the receiver of a method, the value in front of a
    /// filter.
    Arguments after(Object first) {
        List<Object> all = new ArrayList<>(positional.size() + 1);
        all.add(first);
        all.addAll(positional);
        return new Arguments(all, keywords);
    }

    Arguments dropFirst(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()), positional.size()), keywords);
    }

    Arguments with(String keyword, Object value) {
        Map<String, Object> all = new LinkedHashMap<>(keywords);
        if (all.putIfAbsent(keyword, value) != null) {
            throw Fault.type("got multiple values for keyword argument '" + keyword + "'");
        }
        return new Arguments(positional, all);
    }
}
