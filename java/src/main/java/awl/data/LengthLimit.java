package awl.data;

import awl.DataException;
import java.util.ArrayList;
import java.util.List;

/// Holds rows to `max_length` tokens without ever losing a learned token in silence.
///
/// A longer row is cut only where the cut takes nothing but tokens behind its last learned one: those change
/// neither loss nor gradient. A row that would lose a learned token is refused by name; so is nobody's data cut
/// by accident.
public final class LengthLimit {

    private static final int NAMED = 5;

    private LengthLimit() {}

    /// @param maxLength most ids of a document
    /// @param notes receives what was cut
    public static List<Example> apply(List<Example> examples, int maxLength, List<String> notes) {
        List<Example> kept = new ArrayList<>(examples.size());
        List<Example> refused = new ArrayList<>();
        int cut = 0;
        for (Example example : examples) {
            if (example.longest() <= maxLength) {
                kept.add(example);
            } else if (example.neededLength() <= maxLength) {
                kept.add(example.head(maxLength));
                cut++;
            } else {
                refused.add(example);
            }
        }
        if (!refused.isEmpty()) {
            int longest = refused.stream().mapToInt(Example::neededLength).max().orElseThrow();
            throw new DataException(
                    "%s: data.max_length is %d and would cut learned tokens of %d rows: %s%s; set data.max_length to %d or more, or shorten them"
                            .formatted(
                                    refused.getFirst().where(),
                                    maxLength,
                                    refused.size(),
                                    String.join(
                                            ", ",
                                            refused.stream()
                                                    .limit(NAMED)
                                                    .map(e -> "%s (%d tokens)".formatted(e.id(), e.longest()))
                                                    .toList()),
                                    refused.size() > NAMED ? ", ..." : "",
                                    longest));
        }
        if (cut > 0) {
            notes.add(
                    "%d rows are longer than data.max_length %d and were cut; only tokens that are not learned were lost"
                            .formatted(cut, maxLength));
        }
        return kept;
    }
}
