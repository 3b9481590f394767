package awl.remote;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Answers kept from one start to the next, by the hash of what was asked. Thread-safe.
public interface RemoteAnswers {

    /// Nothing is kept.
    RemoteAnswers NONE = new RemoteAnswers() {
        @Override
        public @Nullable Map<String, @Nullable Object> find(String hash) {
            return null;
        }

        @Override
        public void keep(String hash, Map<String, @Nullable Object> answer) {}
    };

    /// The answer to a request, or null.
    @Nullable
    Map<String, @Nullable Object> find(String hash);

    /// Keeps an answer; it is there after a kill when this has returned.
    void keep(String hash, Map<String, @Nullable Object> answer);
}
