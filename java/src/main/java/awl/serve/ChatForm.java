package awl.serve;

import awl.Json;
import awl.chat.ToolCall;
import awl.sample.Completion;
import awl.token.CallFormat;
import awl.token.Renderer;
import awl.token.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Chat completions. Where tools are listed, what the model wrote is read for calls, in the form of its family; an
/// answer with a call that cannot be read is text as a whole, for there it stands as the model wrote it.
final class ChatForm implements AnswerForm {

    private final Wanted wanted;
    private final Renderer renderer;
    private final boolean tools;
    private final List<Integer> stops;

    /// @param tools whether answers are read for calls
    /// @param stops tokens that end an answer
    ChatForm(Wanted wanted, Renderer renderer, boolean tools, List<Integer> stops) {
        this.wanted = wanted;
        this.renderer = renderer;
        this.tools = tools;
        this.stops = stops;
    }

    private Tokenizer tokenizer() {
        return renderer.tokenizer();
    }

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String object(boolean piece) {
        return piece ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public void addTo(Map<String, @Nullable Object> answer, List<int[]> prompts) {
        if (wanted.tokenIds()) {
            answer.put("prompt_token_ids", prompts.getFirst());
        }
    }

    @Override
    public Map<String, @Nullable Object> choice(Choice choice, Completion done) {
        CallFormat.Turn turn = turn(done);
        Map<String, @Nullable Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", turn.calls().isEmpty() || !turn.text().isEmpty() ? turn.text() : null);
        message.put("refusal", null);
        if (!turn.calls().isEmpty()) {
            message.put("tool_calls", calls(turn.calls(), false));
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("index", choice.index);
        json.put("message", message);
        json.put("logprobs", wanted.alternatives() < 0 ? null : LogProbs.chat(choice.tokens(), tokenizer()));
        json.put("finish_reason", finish(turn, done));
        if (wanted.tokenIds()) {
            json.put("token_ids", done.ids());
        }
        return json;
    }

    /// Text and calls that can be run; where there are none, text alone.
    private CallFormat.Turn turn(Completion done) {
        String plain = Objects.requireNonNullElse(done.text(), "");
        if (!tools) {
            return new CallFormat.Turn(plain, List.of());
        }
        int[] ids = done.ids();
        boolean ended = stops.contains(ids[ids.length - 1]);
        // With special tokens, for some formats mark calls by them.
        String written = tokenizer().decode(ended ? Arrays.copyOf(ids, ids.length - 1) : ids, false);
        for (String stop : wanted.stop()) {
            int at = written.indexOf(stop);
            written = at < 0 ? written : written.substring(0, at);
        }
        CallFormat.Turn turn = renderer.callFormat().parse(written);
        if (turn.calls().isEmpty()) {
            return new CallFormat.Turn(plain, List.of());
        }
        boolean all = turn.calls().stream().allMatch(ToolCall.Parsed.class::isInstance);
        return all ? turn : new CallFormat.Turn(written, List.of());
    }

    private static String finish(CallFormat.Turn turn, Completion done) {
        return turn.calls().isEmpty() ? done.finish().label() : "tool_calls";
    }

    private static List<Object> calls(List<ToolCall> calls, boolean indexed) {
        List<Object> written = new ArrayList<>();
        for (ToolCall each : calls) {
            if (each instanceof ToolCall.Parsed call) {
                Map<String, @Nullable Object> function = new LinkedHashMap<>();
                function.put("name", call.name());
                function.put("arguments", Json.write(call.arguments()));
                Map<String, @Nullable Object> json = new LinkedHashMap<>();
                if (indexed) {
                    json.put("index", written.size());
                }
                json.put(
                        "id",
                        "call_"
                                + HexFormat.of()
                                        .toHexDigits(ThreadLocalRandom.current().nextLong()));
                json.put("type", "function");
                json.put("function", function);
                written.add(json);
            }
        }
        return written;
    }

    @Override
    public Map<String, @Nullable Object> opening(Choice choice) {
        Map<String, @Nullable Object> delta = new LinkedHashMap<>();
        delta.put("role", "assistant");
        delta.put("content", "");
        return piece(choice, delta, List.of(), null);
    }

    @Override
    public boolean tellsText() {
        return !tools;
    }

    @Override
    public Map<String, @Nullable Object> piece(Choice choice, String text, List<Choice.Token> tokens) {
        Map<String, @Nullable Object> delta = new LinkedHashMap<>();
        delta.put("content", text);
        return piece(choice, delta, tokens, null);
    }

    private Map<String, @Nullable Object> piece(
            Choice choice, Map<String, @Nullable Object> delta, List<Choice.Token> tokens, @Nullable String finish) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("index", choice.index);
        json.put("delta", delta);
        boolean told = wanted.alternatives() >= 0 && !tokens.isEmpty();
        json.put("logprobs", told ? LogProbs.chat(tokens, tokenizer()) : null);
        json.put("finish_reason", finish);
        if (wanted.tokenIds() && !tokens.isEmpty()) {
            json.put("token_ids", tokens.stream().map(Choice.Token::id).toList());
        }
        return json;
    }

    @Override
    public List<Map<String, @Nullable Object>> closing(
            Choice choice, Completion done, String rest, List<Choice.Token> tokens) {
        CallFormat.Turn turn = turn(done);
        String text = tools ? turn.text() : rest;
        List<Map<String, @Nullable Object>> pieces = new ArrayList<>();
        if (!text.isEmpty() || !tokens.isEmpty()) {
            pieces.add(piece(choice, text, tokens));
        }
        if (!turn.calls().isEmpty()) {
            Map<String, @Nullable Object> delta = new LinkedHashMap<>();
            delta.put("tool_calls", calls(turn.calls(), true));
            pieces.add(piece(choice, delta, List.of(), null));
        }
        pieces.add(piece(choice, new LinkedHashMap<>(), List.of(), finish(turn, done)));
        return pieces;
    }
}
