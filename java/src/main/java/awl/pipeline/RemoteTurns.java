package awl.pipeline;

import awl.PeerException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.data.SplitMix;
import awl.remote.HttpPolicy;
import awl.remote.RemoteAnswer;
import awl.remote.RemoteRequest;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.token.Renderer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Turns by a model that others serve. Through plain completions the server is given the very ids of the episode, so
/// what is trained on is what the model saw; through chat completions it renders the messages itself.
///
/// A server that does not tell the ids of what it wrote has its text tokenized here, which may come out as
/// other tokens of the same text; that is said once.
final class RemoteTurns implements TurnWriter {

    private final HttpPolicy policy;
    private final PipelineConfig.Policy config;
    private final Renderer renderer;
    private final int context;
    private final int vocabulary;

    /// @param policy closed with this
    /// @param context tokens of an episode
    /// @param vocabulary ids are smaller
    RemoteTurns(HttpPolicy policy, PipelineConfig.Policy config, Renderer renderer, int context, int vocabulary) {
        this.policy = policy;
        this.config = config;
        this.renderer = renderer;
        this.context = context;
        this.vocabulary = vocabulary;
    }

    @Override
    public int capacity() {
        return context;
    }

    @Override
    public int slots() {
        return config.concurrency();
    }

    @Override
    public CompletableFuture<Written> write(Conversation conversation, Request request) {
        boolean chat = config.api() == PipelineConfig.Api.CHAT;
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("model", policy.model());
        if (chat) {
            body.put("messages", HttpPolicy.messages(conversation));
            if (!conversation.tools().isEmpty()) {
                body.put("tools", conversation.toolsJson());
            }
        } else {
            body.put("prompt", request.prompt());
        }
        body.put("max_tokens", Math.min(request.maxNewTokens(), context - request.prompt().length));
        Sampling sampling = request.sampling();
        body.put("temperature", sampling.temperature());
        if (!sampling.greedy()) {
            body.put("top_p", sampling.topP());
            // Else llama.cpp's server cuts off by its own defaults, and vLLM by the model's generation_config.json.
            body.put("top_k", sampling.topK() == 0 ? -1 : sampling.topK());
            body.put("min_p", sampling.minP());
            // Not negative and not large: servers differ in what they take.
            body.put("seed", SplitMix.mix(sampling.seed() + SplitMix.mix(request.stream())) >>> 33);
        }
        body.put("repetition_penalty", sampling.repetitionPenalty());
        if (chat) {
            body.put("logprobs", true);
            body.put("top_logprobs", 1); // llama.cpp's server tells none for 0 and twenty for nothing
        } else {
            body.put("logprobs", 1);
        }
        body.put("return_token_ids", true);
        body.put("stop_token_ids", request.stopIds());
        return policy.ask(new RemoteRequest(chat, body)).thenApply(answer -> written(answer, request));
    }

    private Written written(RemoteAnswer answer, Request request) {
        RemoteAnswer.Choice choice = answer.choices().getFirst();
        if (answer.promptIds() != null && !Arrays.equals(answer.promptIds(), request.prompt())) {
            // Also where a call was no JSON, or text was sampled as other tokens than a tokenizer makes of it.
            policy.once("the server's template or tokenizer reads conversations as other tokens than model.path does;"
                    + " training goes by those of model.path (policy.api: completions gives the server these)");
        }
        int[] ids = choice.ids();
        if (ids == null || ids.length == 0) {
            if (choice.ids() == null) {
                policy.once("the server does not tell token ids: what it writes is tokenized here");
            }
            ids = renderer.tokenizer().encode(text(choice), false);
        }
        for (int id : ids) {
            if (id >= vocabulary) {
                throw new PeerException("the server wrote token %d, but model.path has %d: it serves another model"
                        .formatted(id, vocabulary));
            }
        }
        boolean ended = ids.length > 0 && request.stopIds().contains(ids[ids.length - 1]);
        if ((!choice.finish().equals("length") || ids.length == 0) && !ended) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = request.stopIds().getFirst();
        }
        double[] told = choice.logProbs();
        double[] logProbs = new double[ids.length];
        if (told != null && Math.abs(told.length - ids.length) <= 1) {
            System.arraycopy(told, 0, logProbs, 0, Math.min(told.length, ids.length));
        } else {
            policy.once("the server's log-probabilities are not those of the tokens: they are left out");
        }
        return new Written(ids, logProbs);
    }

    /// The turn as the model must have written it.
    private String text(RemoteAnswer.Choice choice) {
        List<ToolCall.Parsed> parsed = new ArrayList<>();
        StringBuilder text = new StringBuilder(choice.text());
        for (ToolCall each : choice.calls()) {
            if (each instanceof ToolCall.Parsed call) {
                parsed.add(call);
            } else if (each instanceof ToolCall.Malformed broken) {
                text.append(text.isEmpty() ? "" : "\n").append(broken.text());
            }
        }
        if (!parsed.isEmpty()) {
            text.append(text.isEmpty() ? "" : "\n").append(renderer.callFormat().write(parsed));
        }
        return text.toString();
    }

    /// The turn with its calls and their results behind a conversation.
    static Conversation longer(Conversation before, Message.Assistant turn, List<String> results) {
        List<ToolCall.Parsed> calls = new ArrayList<>();
        for (ToolCall each : turn.calls()) {
            ToolCall.Parsed call = switch (each) {
                case ToolCall.Parsed good -> good;
                case ToolCall.Malformed broken -> new ToolCall.Parsed("unknown", Map.of("text", broken.text()));
            };
            calls.add(ProblemSetting.numbered(call, calls.size()));
        }
        Conversation longer = before.with(Message.assistant(turn.text(), calls));
        for (int i = 0; i < calls.size(); i++) {
            longer = longer.with(Message.reply(calls.get(i), results.get(i)));
        }
        return longer;
    }

    @Override
    public boolean step() {
        return false; // others do the work
    }

    @Override
    public void close() {
        policy.close();
    }
}
