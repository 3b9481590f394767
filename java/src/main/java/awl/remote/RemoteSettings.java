package awl.remote;

import awl.ConfigException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where models are served and how hard they are asked.
///
/// @param endpoints roots of servers, `http://host:port` without `/v1`
/// @param key sent to all of them as a bearer; null = none
/// @param concurrency requests under way at once, over all endpoints
/// @param timeout of one answer, from asking to its last byte
/// @param retries failures of one request (resets, time-outs, status 5xx, nonsense) before it is given up
/// @param pause before the first retry; it doubles from one to the next
public record RemoteSettings(
        List<URI> endpoints, @Nullable String key, int concurrency, Duration timeout, int retries, Duration pause) {

    public RemoteSettings {
        endpoints = List.copyOf(endpoints);
    }

    /// Reads what a user wrote.
    ///
    /// @param keyVariable environment variable that holds the key; null = none is sent
    public static RemoteSettings of(
            List<String> endpoints, @Nullable String keyVariable, int concurrency, Duration timeout, int retries) {
        List<URI> roots = new ArrayList<>();
        for (String each : endpoints) {
            roots.add(root(each));
        }
        String key = null;
        if (keyVariable != null) {
            key = System.getenv(keyVariable);
            if (key == null || key.isBlank()) {
                throw new ConfigException("policy.key_env: the variable " + keyVariable + " is empty");
            }
            key = key.strip();
            if (!key.chars().allMatch(c -> c > ' ' && c < 127)) {
                throw new ConfigException(
                        "policy.key_env: the variable " + keyVariable + " holds characters that no key has");
            }
        }
        return new RemoteSettings(roots, key, concurrency, timeout, retries, Duration.ofMillis(250));
    }

    private static URI root(String text) {
        String trimmed = text.replaceFirst("/+$", "").replaceFirst("/v1$", "");
        try {
            URI uri = new URI(trimmed);
            boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (web && uri.getHost() != null && uri.getUserInfo() == null && uri.getQuery() == null) {
                return uri;
            }
        } catch (java.net.URISyntaxException e) {
            // told below
        }
        // The text itself may hold a password, so it is not repeated.
        throw new ConfigException(
                "policy.endpoints: expected addresses like http://host:8000, without user, password or"
                        + " query; a key goes into the variable that policy.key_env names");
    }

    /// Keeps the key out of messages.
    @Override
    public String toString() {
        return endpoints + (key == null ? "" : " with a key");
    }
}
