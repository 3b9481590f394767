package awl.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// Which part of the mixed objective a row belongs to ("Adapting While Learning", arXiv 2411.00412).
public enum Origin {
    /// World knowledge: a solution without tools, under the prompt that allows none.
    KNOWLEDGE("J_WKD"),
    /// A problem the model solves by itself: its direct solution, under the prompt that offers tools.
    EASY("J_easy"),
    /// A problem it does not solve by itself: the whole trace with tools, observations masked.
    HARD("J_hard");

    private final String metric;

    Origin(String metric) {
        this.metric = metric;
    }

    /// What metrics call the loss of this part.
    public String metric() {
        return metric;
    }

    /// The name used in data rows: `knowledge` and so on.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The origin of a name; empty where there is none such.
    public static Optional<Origin> named(String name) {
        return Arrays.stream(values()).filter(o -> o.key().equals(name)).findFirst();
    }

    /// All names, for messages.
    public static String names() {
        return Arrays.stream(values()).map(Origin::key).collect(Collectors.joining(", "));
    }
}
