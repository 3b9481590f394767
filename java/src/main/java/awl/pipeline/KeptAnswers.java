package awl.pipeline;

import awl.Json;
import awl.remote.RemoteAnswers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Answers of remote models, one JSON line each, `{"request": HASH, "answer": ...}`: a stage that was killed in the
/// middle of an episode does not ask for its first turns again.
final class KeptAnswers implements RemoteAnswers, AutoCloseable {

    private final AppendedFile file;
    private final Map<String, Map<String, @Nullable Object>> known = new HashMap<>();

    /// @param notes told of a line that was cut off
    KeptAnswers(Path path, Consumer<String> notes) {
        file = AppendedFile.open(path, notes);
        for (Map<String, @Nullable Object> row : file.before()) {
            if (row.get("request") instanceof String hash && row.get("answer") instanceof Map<?, ?> answer) {
                known.put(hash, Json.asObject(answer, path + ": answer"));
            }
        }
    }

    @Override
    public synchronized @Nullable Map<String, @Nullable Object> find(String hash) {
        return known.get(hash);
    }

    @Override
    public synchronized void keep(String hash, Map<String, @Nullable Object> answer) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("request", hash);
        row.put("answer", answer);
        file.append(row);
        known.put(hash, answer);
    }

    @Override
    public synchronized void close() {
        file.close();
    }
}
