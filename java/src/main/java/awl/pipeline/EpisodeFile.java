package awl.pipeline;

import awl.Json;
import awl.chat.ToolMode;
import awl.data.JsonLinesWriter;
import awl.task.mini.MiniProblem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Episodes as JSON lines, whole or not at all: what a stage leaves for the next one and for people to read.
final class EpisodeFile {

    private EpisodeFile() {}

    static void write(Path file, List<Episode> episodes) {
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            for (Episode each : episodes) {
                Map<String, @Nullable Object> row = new LinkedHashMap<>();
                row.put("id", each.problem().id());
                row.put("kind", each.problem().kind().label());
                row.put("mode", each.mode().name().toLowerCase(Locale.ROOT));
                row.put("question", each.problem().question());
                row.put("turns", each.turns().stream().map(EpisodeFile::turn).toList());
                row.put("calls", each.calls());
                row.put("exact", each.exact());
                row.put("answer", each.answer());
                row.put("right", each.right());
                row.put("tokens", each.tokens());
                out.write(row);
            }
            out.commit();
        }
    }

    private static Map<String, Object> turn(Episode.Turn turn) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("role", turn.role());
        json.put("content", turn.text());
        return json;
    }

    /// @param problems by id
    static List<Episode> read(Path file, Map<String, MiniProblem> problems) {
        List<Episode> episodes = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                Map<String, @Nullable Object> row = Json.object(line, file.toString());
                List<Episode.Turn> turns = new ArrayList<>();
                for (Object turn : (List<?>) java.util.Objects.requireNonNull(row.get("turns"))) {
                    Map<?, ?> said = (Map<?, ?>) turn;
                    turns.add(new Episode.Turn(String.valueOf(said.get("role")), String.valueOf(said.get("content"))));
                }
                episodes.add(new Episode(
                        java.util.Objects.requireNonNull(problems.get(String.valueOf(row.get("id")))),
                        ToolMode.valueOf(String.valueOf(row.get("mode")).toUpperCase(Locale.ROOT)),
                        number(row.get("calls")),
                        Boolean.TRUE.equals(row.get("exact")),
                        row.get("answer") instanceof String answer ? answer : null,
                        Boolean.TRUE.equals(row.get("right")),
                        number(row.get("tokens")),
                        List.copyOf(turns)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
        return episodes;
    }

    private static int number(@Nullable Object value) {
        return value instanceof Number number ? number.intValue() : 0;
    }
}
