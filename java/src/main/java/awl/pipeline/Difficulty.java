package awl.pipeline;

import awl.chat.ToolMode;
import awl.data.JsonLinesWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How often a model answers a question by itself.
///
/// @param share of right tries under P_n
/// @param easy whether that is at least the threshold
record Difficulty(String id, Proportion share, boolean easy) {

    /// Whether the interval of the share holds the threshold: more tries may turn the verdict.
    boolean uncertain(double threshold) {
        return share.low() < threshold && threshold <= share.high();
    }

    /// By the question's id, in the order of the tries.
    static Map<String, Difficulty> of(List<Trajectory> tries, double threshold) {
        Map<String, int[]> counts = new LinkedHashMap<>();
        for (Trajectory each : tries) {
            if (each.mode() == ToolMode.NONE) {
                int[] count = counts.computeIfAbsent(each.id(), id -> new int[2]);
                count[0] += each.right() ? 1 : 0;
                count[1]++;
            }
        }
        Map<String, Difficulty> all = new LinkedHashMap<>();
        counts.forEach((id, count) -> {
            Proportion share = new Proportion(count[0], count[1]);
            all.put(id, new Difficulty(id, share, share.value() >= threshold));
        });
        return all;
    }

    static void write(Path file, Map<String, Difficulty> all) {
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            all.values().forEach(each -> {
                Map<String, @Nullable Object> row = new LinkedHashMap<>();
                row.put("id", each.id);
                row.put("right", each.share.hits());
                row.put("asked", each.share.count());
                row.put("low", each.share.low());
                row.put("high", each.share.high());
                row.put("easy", each.easy);
                out.write(row);
            });
            out.commit();
        }
    }

    static Map<String, Difficulty> read(Path file) {
        Map<String, Difficulty> all = new LinkedHashMap<>();
        for (Map<String, @Nullable Object> row : AppendedFile.rows(file)) {
            if (!(row.get("id") instanceof String id)
                    || !(row.get("right") instanceof Number right)
                    || !(row.get("asked") instanceof Number asked)) {
                throw new awl.DataException("%s:%d: expected id, right and asked, found %s"
                        .formatted(file, all.size() + 1, Objects.toString(row.keySet())));
            }
            boolean easy = Boolean.TRUE.equals(row.get("easy"));
            all.put(id, new Difficulty(id, new Proportion(right.intValue(), asked.intValue()), easy));
        }
        return all;
    }
}
