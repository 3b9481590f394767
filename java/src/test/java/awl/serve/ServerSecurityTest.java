package awl.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.serve.http.HttpLimits;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Clients that mean harm, or cannot do better. After each of them the server answers the next one.
final class ServerSecurityTest extends ServerFixture {

    private static final String GOOD =
            "{\"model\": \"scripted\", \"messages\": [{\"role\": \"user\", \"content\": \"Well?\"}]}";
    private static final String KEY = "sk-test-7d1c0a55e0";

    private static HttpLimits quick(int connections) {
        Duration short_ = Duration.ofMillis(400);
        return new HttpLimits(connections, 4096, 100_000, short_, short_, Duration.ofSeconds(5), short_);
    }

    private Calls serve(@Nullable String key, HttpLimits limits, @Nullable Path loraRoot) {
        ServerOptions options =
                new ServerOptions("127.0.0.1", 0, key, false, 64, loraRoot, limits, Duration.ofSeconds(2));
        return calls(start(() -> chat.model(4, before -> "Fine." + ScriptedChat.END), options));
    }

    private static void stillAnswers(Calls calls, String... fields) throws IOException {
        assertThat(calls.post(CHAT, GOOD, fields).at("choices.0.message.content"))
                .isEqualTo("Fine.");
    }

    private static String post(String fields, String body) {
        return "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + fields + "\r\n"
                + body;
    }

    @Test
    void withoutTheKeyNothingIsAnswered() throws IOException {
        Calls calls = serve(KEY, HttpLimits.standard(), null);
        for (String path : List.of(CHAT, "/v1/completions", "/v1/load_lora_adapter", "/v1/nothing")) {
            assertThat(calls.post(path, GOOD).status()).as(path).isEqualTo(401);
        }
        assertThat(calls.get("/metrics").statusCode()).isEqualTo(401);
        assertThat(calls.get("/v1/models").statusCode()).isEqualTo(401);
        assertThat(calls.get("/health").statusCode()).isEqualTo(200);
        for (String wrong :
                List.of("Bearer ", "Bearer " + KEY + "x", "Bearer " + KEY.substring(1), "Basic " + KEY, KEY)) {
            Calls.Answer answer = calls.post(CHAT, GOOD, "Authorization", wrong);
            assertThat(answer.status()).as(wrong).isEqualTo(401);
            assertThat(answer.response().headers().firstValue("WWW-Authenticate"))
                    .hasValue("Bearer");
            assertThat(answer.response().body()).doesNotContain(KEY.substring(1));
        }
        stillAnswers(calls, "Authorization", "Bearer " + KEY);
        stillAnswers(calls, "Authorization", "bearer  " + KEY);
    }

    @Test
    void othersAreLetInOnlyWithAKeyOrWhenTold() {
        assertThatThrownBy(() -> new ServerOptions(
                                "0.0.0.0", 0, null, false, 1, null, HttpLimits.standard(), Duration.ZERO)
                        .address())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--api-key-env")
                .hasMessageContaining("--no-key");
        assertThat(new ServerOptions("0.0.0.0", 0, KEY, false, 1, null, HttpLimits.standard(), Duration.ZERO))
                .satisfies(
                        open -> assertThat(open.address().isAnyLocalAddress()).isTrue())
                .hasToString("0.0.0.0:0 with a key");
    }

    @Test
    void pagesOfABrowserOnThisMachineAreKeptOut() throws IOException {
        Calls calls = serve(null, HttpLimits.standard(), null);
        // Another site's name that was made to point here.
        assertThat(calls.raw("GET /v1/models HTTP/1.1\r\nHost: evil.example:8000\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 403");
        // What a form can send without asking first.
        for (String type : List.of("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")) {
            assertThat(calls.post(CHAT, GOOD, "Content-Type", type).status()).isEqualTo(415);
        }
        HttpResponse<String> asked = calls.send(calls.request(CHAT)
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                .header("Origin", "http://evil.example"));
        assertThat(asked.statusCode()).isEqualTo(405);
        assertThat(asked.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
        stillAnswers(calls);
    }

    @Test
    void bodiesThatAreNoRequestAreToldSo() throws IOException {
        Calls calls = serve(null, HttpLimits.standard(), null);
        String deep = "[".repeat(100_000) + "]".repeat(100_000);
        List<String> bodies = List.of(
                "",
                "{",
                "null",
                "[]",
                "{\"model\": \"scripted\"}",
                "{\"model\": \"scripted\", \"messages\": " + deep + "}",
                deep,
                "{\"a\":".repeat(5000),
                GOOD + GOOD,
                GOOD.replace("\"model\"", "\"model\": \"x\", \"model\""),
                GOOD.replace("\"Well?\"", "17"),
                GOOD.replace("\"user\"", "\"emperor\""),
                GOOD.replace(
                        "\"Well?\"", "[{\"type\": \"image_url\", \"image_url\": {\"url\": \"file:///etc/passwd\"}}]"),
                "{\"model\": \"scripted\", \"messages\": []}",
                "{\"model\": \"scripted\", \"n\": " + "9".repeat(900) + "}",
                "{\"model\": \"scripted\", \"temperature\": NaN}",
                "{\"model\": \"" + "x".repeat(100_000) + "\", \"messages\": []}",
                "{\"" + "y".repeat(100_000) + "\": 1, \"model\": \"scripted\", \"messages\": []}");
        for (String body : bodies) {
            Calls.Answer answer = calls.post(CHAT, body);
            assertThat(answer.status())
                    .as(body.substring(0, Math.min(80, body.length())))
                    .isBetween(400, 404);
            assertThat(answer.response().body().length()).isLessThan(210_000);
        }
        assertThat(calls.raw(post("Connection: close\r\nContent-Length: 4\r\n", "{\"\u00ff\u00fe")))
                .startsWith("HTTP/1.1 400");
        stillAnswers(calls);
    }

    @Test
    void bodiesThatAreTooLargeAreNotRead() throws IOException {
        Calls calls = serve(null, quick(100), null);
        assertThat(calls.raw(post("Content-Length: 100001\r\n", ""))).startsWith("HTTP/1.1 413");
        assertThat(calls.raw(post("Content-Length: 99999999999999\r\n", ""))).startsWith("HTTP/1.1 413");
        assertThat(calls.raw(post("Transfer-Encoding: chunked\r\n", "fffffff\r\nxx")))
                .startsWith("HTTP/1.1 413");
        StringBuilder chunks = new StringBuilder();
        for (int n = 0; n < 30; n++) {
            chunks.append("1000\r\n").append("x".repeat(4096)).append("\r\n");
        }
        assertThat(calls.raw(post("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n")))
                .startsWith("HTTP/1.1 413");
        assertThat(calls.raw("GET /health HTTP/1.1\r\nX: " + "y".repeat(5000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(calls.raw("GET /health HTTP/1.1\r\n" + "X: y\r\n".repeat(200) + "\r\n"))
                .startsWith("HTTP/1.1 431");
        stillAnswers(calls);
    }

    @Test
    void requestsThatTwoReadersReadDifferentlyAreRefused() throws IOException {
        Calls calls = serve(null, quick(100), null);
        Map<String, String> wrong = Map.ofEntries(
                Map.entry(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"),
                Map.entry(post("Content-Length: 5\r\nContent-Length: 6\r\n", "{}   "), "400"),
                Map.entry(post("Content-Length: +5\r\n", "{}   "), "400"),
                Map.entry(post("Content-Length: 5, 5\r\n", "{}   "), "400"),
                Map.entry(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501"),
                Map.entry(post("Transfer-Encoding: chunked\r\n", "zz\r\n"), "400"),
                Map.entry(post("Transfer-Encoding: chunked\r\n", "2\r\n{}xx\r\n0\r\n\r\n"), "400"),
                Map.entry("GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"),
                Map.entry("GET /health HTTP/1.1\r\nHost: localhost\r\n folded: yes\r\n\r\n", "400"),
                Map.entry("GET /health HTTP/1.1\nHost: localhost\n\n", "400"),
                Map.entry("GET /health HTTP/1.1\r\n\r\n", "400"),
                Map.entry("GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
                Map.entry("GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
                Map.entry("GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n", "505"),
                Map.entry("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", "400"),
                Map.entry("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n", "400"));
        for (Map.Entry<String, String> each : wrong.entrySet()) {
            assertThat(calls.raw(each.getKey())).as(each.getKey()).startsWith("HTTP/1.1 " + each.getValue());
        }
        stillAnswers(calls);
    }

    @Test
    void slowClientsAreNotWaitedFor() throws IOException {
        Calls calls = serve(null, quick(100), null);
        // A byte at a time does not buy more time.
        assertThat(dripped(calls, "GET /health HTTP/1.1\r\nX-Long: " + "y".repeat(300)))
                .startsWith("HTTP/1.1 408");
        assertThat(dripped(calls, post("Content-Length: 1000\r\n", "{".repeat(300))))
                .startsWith("HTTP/1.1 408");
        assertThat(dripped(calls, "")).isEmpty();
        stillAnswers(calls);
    }

    /// Sends the last three hundred bytes one every ten milliseconds.
    private static String dripped(Calls calls, String text) throws IOException {
        int port = calls.request("/").build().uri().getPort();
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            int fast = Math.max(0, bytes.length - 300);
            out.write(bytes, 0, fast);
            Thread drip = Thread.ofVirtual().start(() -> {
                try {
                    for (int n = fast; n < bytes.length; n++) {
                        Thread.sleep(10);
                        out.write(bytes[n]);
                    }
                } catch (IOException | InterruptedException e) {
                    Thread.currentThread().interrupt(); // the server hung up, as it should
                }
            });
            String answer;
            try {
                answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } finally {
                drip.interrupt();
            }
            return answer;
        }
    }

    @Test
    void aClientThatDoesNotReadIsHungUpOn() throws IOException {
        ServerOptions options =
                new ServerOptions("127.0.0.1", 0, null, false, 64, null, quick(100), Duration.ofSeconds(2));
        ModelServer server = start(() -> ScriptedChat.noise(8), options);
        Calls calls = calls(server);
        String body = GOOD.substring(0, GOOD.length() - 1)
                + ", \"stream\": true, \"n\": 32, \"logprobs\": true, \"top_logprobs\": 20}";
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(1024);
            socket.connect(new java.net.InetSocketAddress("127.0.0.1", server.port()));
            socket.getOutputStream()
                    .write(post("Content-Length: " + body.length() + "\r\n", body)
                            .getBytes(StandardCharsets.UTF_8));
            long deadline = System.nanoTime() + 20_000_000_000L;
            while (calls.metric("awl_dropped_total") == 0 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertThat(calls.metric("awl_dropped_total")).isPositive();
        }
        calls.await("awl_running", 0);
    }

    @Test
    void adaptersComeFromBelowTheRootOnly() throws IOException {
        Path root = Files.createDirectories(folder.resolve("adapters"));
        Path outside = Files.createDirectories(folder.resolve("outside"));
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.writeString(outside.resolve(file), "secret");
        }
        Files.createSymbolicLink(root.resolve("link"), outside);
        Path half = Files.createDirectories(root.resolve("half"));
        Files.createSymbolicLink(half.resolve("adapter_config.json"), outside.resolve("adapter_config.json"));
        Files.createSymbolicLink(
                half.resolve("adapter_model.safetensors"), outside.resolve("adapter_model.safetensors"));
        Calls calls = serve(null, HttpLimits.standard(), root);
        for (String path : List.of(
                "../outside",
                outside.toString(),
                "link",
                "half",
                "/etc",
                "..",
                ".",
                "nowhere",
                "a\\u0000b",
                "//",
                "~")) {
            Calls.Answer answer =
                    calls.post("/v1/load_lora_adapter", "{\"lora_name\": \"x\", \"lora_path\": \"" + path + "\"}");
            assertThat(answer.status()).as(path).isEqualTo(400);
            // Nothing tells what is there from what is not.
            assertThat(answer.at("error.message"))
                    .isEqualTo("lora_path: expected a folder with an adapter below the server's --lora-root");
        }
        for (String name : List.of("../x", "scripted", "", "x/y", "x y", "x".repeat(200), "\\n")) {
            assertThat(calls.post("/v1/load_lora_adapter", "{\"lora_name\": \"" + name + "\", \"lora_path\": \"half\"}")
                            .status())
                    .as(name)
                    .isEqualTo(400);
        }
        assertThat(calls.post("/v1/unload_lora_adapter", "{\"lora_name\": \"scripted\"}")
                        .status())
                .isEqualTo(404);
        stillAnswers(calls);
        Calls closed = serve(null, HttpLimits.standard(), null);
        assertThat(closed.post("/v1/load_lora_adapter", "{\"lora_name\": \"x\", \"lora_path\": \"half\"}")
                        .status())
                .isEqualTo(403);
        assertThat(closed.post("/v1/unload_lora_adapter", "{\"lora_name\": \"x\"}")
                        .status())
                .isEqualTo(403);
    }

    @Test
    void thousandsOfConnectionsAreHeldOrSentAway() throws IOException {
        HttpLimits limits = new HttpLimits(
                2000,
                4096,
                100_000,
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5));
        Calls calls = serve(null, limits, null);
        int port = calls.request("/").build().uri().getPort();
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int n = 0; n < 2500; n++) {
                Socket socket = new Socket("127.0.0.1", port);
                sockets.add(socket);
                socket.getOutputStream().write("GET /health HTTP/1.1\r\nX: ".getBytes(StandardCharsets.US_ASCII));
            }
            int refused = 0;
            for (Socket socket : sockets.subList(2000, 2500)) {
                socket.setSoTimeout(10_000);
                try {
                    refused += socket.getInputStream().read() >= 0 ? 1 : 0;
                } catch (java.net.SocketException e) {
                    refused++; // closed before what was sent could be read
                }
            }
            assertThat(refused).isEqualTo(500);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (calls.get("/health").statusCode() != 200 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        calls.await("awl_connections", 1);
        stillAnswers(calls);
    }

    /// Requests with bytes changed, left out and repeated.
    @Test
    void whateverIsSentTheServerLives() throws IOException {
        Calls calls = serve(null, quick(200), null);
        Random random = new Random(11);
        String good = post("Connection: close\r\nContent-Length: " + GOOD.length() + "\r\n", GOOD);
        for (int n = 0; n < 150; n++) {
            StringBuilder bad = new StringBuilder(good);
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                int at = random.nextInt(bad.length());
                switch (random.nextInt(3)) {
                    case 0 -> bad.setCharAt(at, (char) random.nextInt(256));
                    case 1 -> bad.deleteCharAt(at);
                    default -> bad.insert(at, bad.substring(at, Math.min(bad.length(), at + random.nextInt(40))));
                }
            }
            assertThat(calls.raw(bad + "\r\n\r\n"))
                    .as(bad.toString())
                    .matches("(?s)(HTTP/1\\.1 [2-5]\\d\\d .*|reset.*|)")
                    .doesNotContain("internal error");
        }
        stillAnswers(calls);
    }
}
