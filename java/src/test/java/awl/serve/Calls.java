package awl.serve;

import awl.Json;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Asks a server, properly and otherwise.
final class Calls implements AutoCloseable {

    private final int port;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Calls(int port) {
        this.port = port;
    }

    record Answer(int status, Map<String, @Nullable Object> json, HttpResponse<String> response) {
        /// A value by keys and indices with dots between.
        @Nullable
        Object at(String path) {
            return Calls.at(json, path);
        }
    }

    static @Nullable Object at(@Nullable Object value, String path) {
        Object now = value;
        for (String key : path.split("\\.")) {
            now = now instanceof List<?> list
                    ? list.get(Integer.parseInt(key))
                    : Json.asObject(now, path).get(key);
        }
        return now;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(20));
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    HttpResponse<String> get(String path) throws IOException {
        return send(request(path).GET());
    }

    Answer post(String path, String body, String... fields) throws IOException {
        HttpRequest.Builder request = request(path).POST(HttpRequest.BodyPublishers.ofString(body));
        if (!List.of(fields).contains("Content-Type")) {
            request.header("Content-Type", "application/json");
        }
        if (fields.length > 0) {
            request.headers(fields);
        }
        HttpResponse<String> response = send(request);
        boolean json = response.headers().firstValue("Content-Type").orElse("").equals("application/json");
        return new Answer(response.statusCode(), json ? Json.object(response.body(), "answer") : Map.of(), response);
    }

    /// The objects of a stream of events; the last line must be `[DONE]`.
    List<Map<String, @Nullable Object>> stream(String path, String body) throws IOException {
        HttpResponse<String> response = send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
        List<Map<String, @Nullable Object>> events = new ArrayList<>();
        String[] lines = response.body().split("\n\n");
        for (String line : lines) {
            if (!line.startsWith("data: ")) {
                throw new AssertionError("not an event: " + line);
            }
            if (!line.equals("data: [DONE]")) {
                events.add(Json.object(line.substring(6), "event"));
            }
        }
        if (!lines[lines.length - 1].equals("data: [DONE]")) {
            throw new AssertionError("the stream has no end: " + response.body());
        }
        return events;
    }

    /// A number of the metrics.
    double metric(String name) throws IOException {
        for (String line : get("/metrics").body().split("\n")) {
            if (line.startsWith(name + " ")) {
                return Double.parseDouble(line.substring(name.length() + 1));
            }
        }
        throw new AssertionError("no metric " + name);
    }

    void await(String metric, double value) throws IOException {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (metric(metric) != value) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(metric + " is " + metric(metric) + ", never " + value);
            }
            Thread.onSpinWait();
        }
    }

    /// Bytes as they are; the answer up to the end of the connection.
    String raw(String text) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (java.net.SocketException e) {
            return "reset: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
