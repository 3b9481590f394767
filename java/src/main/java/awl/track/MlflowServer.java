package awl.track;

import awl.ConfigException;
import awl.Json;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An MLflow tracking server, asked over REST (`/api/2.0/mlflow`). Every call may take up to [#PATIENCE]; none is made
/// twice here.
///
/// @see <a href="https://mlflow.org/docs/latest/api_reference/rest-api.html">MLflow REST API</a>
public final class MlflowServer implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final URI api;
    private final String experiment;
    private final @Nullable String credentials;
    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(5))
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    private MlflowServer(URI api, String experiment, @Nullable String credentials) {
        this.api = api;
        this.experiment = experiment;
        this.credentials = credentials;
    }

    /// @param environment variables that may name the server and have the credentials
    /// @throws ConfigException where no server is named
    public static MlflowServer of(TrackConfig.Mlflow config, Map<String, String> environment) {
        String variable = config.uriEnv() == null ? "MLFLOW_TRACKING_URI" : config.uriEnv();
        String uri = config.uri() == null ? environment.get(variable) : config.uri();
        if (uri == null || !uri.matches("https?://.+")) {
            throw new ConfigException(
                    "tracking.mlflow: expected the address of a server, http://... or https://..., in uri or in the variable %s, found %s"
                            .formatted(variable, uri == null ? "none" : uri.replaceFirst("//[^/]*@", "//...@")));
        }
        String experiment = config.experiment() == null ? "awl" : config.experiment();
        String given = URI.create(uri).getUserInfo();
        String credentials = given == null ? credentials(environment) : basic(given);
        String bare = uri.replaceFirst("//[^/]*@", "//").replaceFirst("/+$", "");
        return new MlflowServer(URI.create(bare + "/api/2.0/mlflow/"), experiment, credentials);
    }

    private static @Nullable String credentials(Map<String, String> environment) {
        String token = environment.get("MLFLOW_TRACKING_TOKEN");
        String user = environment.get("MLFLOW_TRACKING_USERNAME");
        if (token != null) {
            return "Bearer " + token;
        }
        return user == null ? null : basic(user + ":" + environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", ""));
    }

    private static String basic(String userAndPassword) {
        return "Basic " + Base64.getEncoder().encodeToString(userAndPassword.getBytes(StandardCharsets.UTF_8));
    }

    /// An answer that is no success.
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;
        private final int status;
        private final String code;

        Refused(int status, String code, String message) {
            super("HTTP " + status + (message.isBlank() ? "" : ": " + message));
            this.status = status;
            this.code = code;
        }

        /// Whether the same call may go well later.
        boolean passing() {
            return status >= 500 || status == 429 || status == 408;
        }

        boolean is(String error) {
            return code.equals(error);
        }
    }

    /// Name of the experiment that runs go to.
    String experiment() {
        return experiment;
    }

    /// Address without credentials.
    @Override
    public String toString() {
        return api.resolve("../../..").toString().replaceFirst("/$", "");
    }

    Map<String, @Nullable Object> get(String path, Map<String, String> query) throws IOException {
        StringBuilder text = new StringBuilder(path);
        String between = "?";
        for (Map.Entry<String, String> entry : query.entrySet()) {
            text.append(between).append(entry.getKey()).append('=');
            text.append(URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8));
            between = "&";
        }
        return send(request(text.toString()).GET().build());
    }

    Map<String, @Nullable Object> post(String path, Map<String, ? extends @Nullable Object> body) throws IOException {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)))
                .build());
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(api.resolve(path)).timeout(PATIENCE);
        return credentials == null ? request : request.header("Authorization", credentials);
    }

    private Map<String, @Nullable Object> send(HttpRequest request) throws IOException {
        HttpResponse<String> response;
        try {
            response = http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (response.statusCode() / 100 == 2) {
            return object(response.body());
        }
        String code = "";
        String message = "";
        try {
            Map<String, @Nullable Object> error = object(response.body());
            code = String.valueOf(error.get("error_code"));
            message = code + ": " + error.get("message");
        } catch (IOException e) {
            message = response.body().lines().findFirst().orElse("");
        }
        throw new Refused(response.statusCode(), code, message.substring(0, Math.min(300, message.length())));
    }

    private static Map<String, @Nullable Object> object(String body) throws IOException {
        try {
            return Json.object(body, "answer");
        } catch (awl.DataException e) {
            throw new IOException("no MLflow server: its answer is no JSON object", e);
        }
    }

    /// `[{"key": ..., "value": ...}, ...]`.
    static List<Map<String, String>> pairs(Map<String, String> values) {
        return values.entrySet().stream()
                .map(each -> {
                    Map<String, String> pair = new LinkedHashMap<>();
                    pair.put("key", each.getKey());
                    pair.put("value", each.getValue());
                    return pair;
                })
                .toList();
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
