package awl.pipeline;

import awl.data.JsonLinesWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Which questions the model answers by itself often enough to be called easy.
///
/// @param shares of right tries, by the question's id
/// @param kindHard whether the question's kind needs the tool, by id
/// @param threshold share from which it is easy
record Partition(Map<String, Proportion> shares, Map<String, Boolean> kindHard, double threshold) {

    static Partition of(List<Episode> tries, double threshold) {
        Map<String, int[]> counts = new LinkedHashMap<>();
        Map<String, Boolean> hard = new LinkedHashMap<>();
        for (Episode each : tries) {
            int[] count = counts.computeIfAbsent(each.problem().id(), id -> new int[2]);
            count[0] += each.right() ? 1 : 0;
            count[1]++;
            hard.put(each.problem().id(), each.problem().kind().hard());
        }
        Map<String, Proportion> shares = new LinkedHashMap<>();
        counts.forEach((id, count) -> shares.put(id, new Proportion(count[0], count[1])));
        return new Partition(shares, hard, threshold);
    }

    boolean easy(String id) {
        return java.util.Objects.requireNonNull(shares.get(id)).value() >= threshold;
    }

    int easyCount() {
        return (int) shares.keySet().stream().filter(this::easy).count();
    }

    int hardCount() {
        return shares.size() - easyCount();
    }

    /// Share of questions that are what their kind is.
    double agreement() {
        long same = shares.keySet().stream()
                .filter(id -> easy(id) != java.util.Objects.requireNonNull(kindHard.get(id)))
                .count();
        return (double) same / shares.size();
    }

    void write(Path file) {
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            shares.forEach((id, share) -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("id", id);
                row.put("right", share.hits());
                row.put("asked", share.count());
                row.put("low", share.low());
                row.put("high", share.high());
                row.put("easy", easy(id));
                out.write(row);
            });
            out.commit();
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d easy, %,d hard; %.1f %% are what their kind is",
                easyCount(),
                hardCount(),
                100 * agreement());
    }
}
