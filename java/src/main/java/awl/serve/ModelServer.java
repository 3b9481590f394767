package awl.serve;

import awl.AwlException;
import awl.ConfigException;
import awl.Json;
import awl.chat.Conversation;
import awl.serve.http.Exchange;
import awl.serve.http.HttpFault;
import awl.serve.http.HttpListener;
import awl.token.Renderer;
import awl.track.PrometheusText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// OpenAI's interface over one model and adapters of it. What is asked for and cannot be done is refused with
/// the name of the field, never left out silently.
///
/// Trust: without a key only programs of this machine are listened to. Pages in a browser of this machine are
/// not among them: they cannot send JSON elsewhere without asking first, and the name they reached us by is
/// looked at.
public final class ModelServer implements AutoCloseable {

    private static final Map<String, String> METHODS = Map.of(
            "/health", "GET",
            "/metrics", "GET",
            "/v1/models", "GET",
            "/v1/chat/completions", "POST",
            "/v1/completions", "POST",
            "/v1/load_lora_adapter", "POST",
            "/v1/unload_lora_adapter", "POST");
    private static final String MODEL = "/v1/models/";
    private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final int MOST_PROMPTS = 128;

    private final ServedModel model;
    private final ServerOptions options;
    private final byte @Nullable [] keyHash;
    private final ServerMetrics metrics = new ServerMetrics();
    private final Engine engine;
    private final ServedNames names;
    private final Renderer plain;
    private final Renderer tools;
    private final boolean localOnly;
    private final HttpListener listener;
    private final long created = System.currentTimeMillis() / 1000;

    /// How tokens are chosen where a request does not say, for messages.
    public static String sampling() {
        return Wanted.DEFAULT.describe() + ", a seed for each";
    }

    private ModelServer(ServedModel model, ServerOptions options) {
        this.model = model;
        this.options = options;
        this.keyHash = options.key() == null ? null : hash(options.key());
        InetAddress address = options.address();
        this.localOnly = address.isLoopbackAddress() && keyHash == null;
        this.plain = model.renderer(false);
        this.tools = model.renderer(true);
        this.engine = new Engine(options.queue(), metrics);
        this.names = new ServedNames(model, engine, options.loraRoot());
        try {
            this.listener = HttpListener.open(
                    new InetSocketAddress(address, options.port()), options.limits(), new HttpListener.Handler() {
                        @Override
                        public void handle(Exchange exchange) throws IOException {
                            ModelServer.this.handle(exchange);
                        }

                        @Override
                        public byte[] fault(int status, String reason) {
                            return ApiError.body(status, reason, null, null);
                        }
                    });
        } catch (IOException e) {
            engine.close();
            throw new ConfigException("cannot listen on " + options + ": " + e.getMessage(), e);
        }
    }

    /// Answers from now on.
    ///
    /// @param model its slots are made and freed here; its text stays the caller's
    public static ModelServer start(ServedModel model, ServerOptions options) {
        return new ModelServer(model, options);
    }

    /// Where it listens.
    public int port() {
        return listener.port();
    }

    /// Serves an adapter beside the model.
    public void load(String name, Path folder) {
        try {
            names.load(name, folder, false);
        } catch (ApiError e) {
            throw new ConfigException("--lora " + name + "=" + folder + ": " + e.getMessage(), e);
        }
    }

    /// Takes no more requests, finishes those under way, frees all.
    ///
    /// @return whether all were answered within the grace
    public boolean stop() {
        boolean all = listener.stop(options.grace());
        engine.close();
        return all;
    }

    @Override
    public void close() {
        listener.close();
        engine.close();
    }

    private void handle(Exchange exchange) throws IOException {
        String endpoint = METHODS.containsKey(exchange.path())
                ? exchange.path()
                : exchange.path().startsWith(MODEL) ? MODEL : "other";
        try {
            route(exchange, endpoint);
        } catch (ApiError e) {
            answer(exchange, e);
        } catch (AwlException e) {
            // Ours have exit code 1; the others are about what the client sent.
            answer(
                    exchange,
                    e.exitCode() == 2
                            ? new ApiError(400, String.valueOf(e.getMessage()), null, "invalid_value")
                            : new ApiError(500, String.valueOf(e.getMessage()), null, null));
        } catch (HttpFault e) {
            answer(exchange, new ApiError(e.status(), e.reason(), null, null));
        } finally {
            metrics.request(endpoint, exchange.status());
        }
    }

    private static void answer(Exchange exchange, ApiError error) throws IOException {
        if (exchange.isAnswered()) {
            return;
        }
        if (error.status == 401) {
            exchange.answerField("WWW-Authenticate", "Bearer");
        }
        if (error.retryAfterSeconds > 0) {
            exchange.answerField("Retry-After", Integer.toString(error.retryAfterSeconds));
        }
        exchange.answer(error.status, "application/json", error.body());
    }

    private void route(Exchange exchange, String endpoint) throws IOException {
        requireLocalName(exchange);
        if (!endpoint.equals("/health")) {
            requireKey(exchange);
        }
        String method = endpoint.equals(MODEL) ? "GET" : METHODS.get(endpoint);
        if (method == null) {
            throw new ApiError(404, "there is nothing at this path", null, "not_found");
        }
        if (!exchange.method().equals(method)) {
            exchange.answerField("Allow", method);
            throw new ApiError(405, "this path takes " + method, null, "method_not_allowed");
        }
        switch (endpoint) {
            case "/health" -> json(exchange, Map.of("status", "ok"));
            case "/metrics" ->
                exchange.answer(
                        200,
                        PrometheusText.CONTENT_TYPE,
                        metrics.text(engine.running(), engine.unanswered(), listener.connections())
                                .getBytes(StandardCharsets.UTF_8));
            case "/v1/models" -> {
                List<Object> all = new ArrayList<>();
                names.all().forEach((name, entry) -> all.add(described(name, entry)));
                json(exchange, Map.of("object", "list", "data", all));
            }
            case MODEL -> {
                String name = modelName(exchange.path());
                ServedNames.Entry entry = names.all().get(name);
                if (entry == null) {
                    throw ApiError.noModel(name);
                }
                json(exchange, described(name, entry));
            }
            case "/v1/chat/completions" -> chat(exchange);
            case "/v1/completions" -> complete(exchange);
            case "/v1/load_lora_adapter" -> {
                Fields fields = read(exchange);
                String name = fields.needText("lora_name");
                String path = fields.needText("lora_path");
                boolean replace = fields.flag("load_inplace");
                fields.ignore("base_model_name");
                fields.refuseOthers();
                names.load(name, path, replace);
                said(exchange, "Success: LoRA adapter '" + name + "' added successfully.");
            }
            default -> {
                Fields fields = read(exchange);
                String name = fields.needText("lora_name");
                fields.ignore("lora_int_id");
                fields.refuseOthers();
                if (options.loraRoot() == null) {
                    throw new ApiError(
                            403, "adapters are fixed: the server was started without --lora-root", null, null);
                }
                names.unload(name);
                said(exchange, "Success: LoRA adapter '" + name + "' removed successfully.");
            }
        }
    }

    private static String modelName(String path) {
        String written = path.substring(MODEL.length());
        try {
            return URLDecoder.decode(written, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw ApiError.noModel(written); // a percent sign without two digits behind it
        }
    }

    /// A page of another site whose name was made to point at this machine sends that name.
    private void requireLocalName(Exchange exchange) {
        String host = exchange.field("host");
        if (localOnly && host != null) {
            String name = host.replaceFirst(":\\d*$", "").toLowerCase(Locale.ROOT);
            if (!LOCAL_NAMES.contains(name) && !name.equals(options.host().toLowerCase(Locale.ROOT))) {
                throw new ApiError(
                        403, "without a key this server is reached as localhost only", null, "forbidden_host");
            }
        }
    }

    private void requireKey(Exchange exchange) {
        if (keyHash == null) {
            return;
        }
        String given = exchange.field("authorization");
        boolean bearer = given != null && given.regionMatches(true, 0, "Bearer ", 0, 7);
        // Equal lengths are compared in equal time.
        if (given == null
                || !bearer
                || !MessageDigest.isEqual(hash(given.substring(7).strip()), keyHash)) {
            throw new ApiError(401, "send the server's key as Authorization: Bearer KEY", null, "invalid_api_key");
        }
    }

    private static byte[] hash(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private static Fields read(Exchange exchange) throws IOException {
        String type = exchange.field("content-type");
        String kind = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        if (!kind.equals("application/json")) {
            throw new ApiError(415, "expected content-type: application/json", null, "unsupported_media_type");
        }
        try {
            byte[] body = exchange.body();
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
            return new Fields(Json.object(text, "body"));
        } catch (CharacterCodingException e) {
            throw new ApiError(400, "body: is not UTF-8", null, "invalid_json");
        }
    }

    private void chat(Exchange exchange) throws IOException {
        Fields fields = read(exchange);
        Wanted wanted = Wanted.read(fields, true, null, model.vocabulary());
        ChatMessages asked = ChatMessages.read(fields);
        fields.refuseOthers();
        Lane lane = names.lane(wanted.model());
        Conversation conversation = asked.conversation();
        Renderer renderer = conversation.tools().isEmpty() ? plain : tools;
        boolean calls = !conversation.tools().isEmpty();
        ChatForm form = new ChatForm(wanted, renderer, calls, model.stops());
        int[] prompt = renderer.prompt(conversation);
        new Answering(engine, metrics, model, wanted, form).answer(exchange, lane, List.of(prompt), "messages");
    }

    private void complete(Exchange exchange) throws IOException {
        Fields fields = read(exchange);
        Wanted wanted = Wanted.read(fields, false, 16, model.vocabulary());
        List<int[]> prompts = prompts(fields.value("prompt"));
        fields.only("suffix", "is not supported", "");
        fields.only("echo", "is not supported", false);
        fields.only("best_of", "only the number of choices", (long) wanted.choices(), 1L);
        fields.refuseOthers();
        Lane lane = names.lane(wanted.model());
        PlainForm form = new PlainForm(wanted, model.text().tokenizer());
        new Answering(engine, metrics, model, wanted, form).answer(exchange, lane, prompts, "prompt");
    }

    /// A string, ids, or an array of either.
    private List<int[]> prompts(@Nullable Object value) {
        if (value instanceof String text) {
            return List.of(model.text().tokenizer().encode(text, true));
        }
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw Fields.wrong("prompt", "a string, an array of token ids, or an array of either", value);
        }
        if (list.getFirst() instanceof Number) {
            return List.of(ids(list));
        }
        if (list.size() > MOST_PROMPTS) {
            throw ApiError.field("prompt", "expected at most " + MOST_PROMPTS + " prompts, found " + list.size());
        }
        List<int[]> prompts = new ArrayList<>();
        for (Object each : list) {
            prompts.add(
                    switch (each) {
                        case String text -> model.text().tokenizer().encode(text, true);
                        case List<?> ids -> ids(ids);
                        case null, default -> throw Fields.wrong("prompt", "strings or arrays of token ids", each);
                    });
        }
        return prompts;
    }

    private int[] ids(List<?> list) {
        int[] ids = new int[list.size()];
        for (int n = 0; n < ids.length; n++) {
            ids[n] = Fields.id("prompt", list.get(n), model.vocabulary());
        }
        return ids;
    }

    private Map<String, @Nullable Object> described(String name, ServedNames.Entry entry) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", name);
        json.put("object", "model");
        json.put("created", entry.folder() == null ? created : entry.created());
        json.put("owned_by", "awl");
        json.put("parent", entry.folder() == null ? null : model.name());
        json.put("max_model_len", model.context());
        return json;
    }

    private static void json(Exchange exchange, Map<String, ? extends @Nullable Object> value) throws IOException {
        exchange.answer(200, "application/json", Json.write(value).getBytes(StandardCharsets.UTF_8));
    }

    private static void said(Exchange exchange, String text) throws IOException {
        exchange.answer(200, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }
}
