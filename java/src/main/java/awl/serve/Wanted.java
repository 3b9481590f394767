package awl.serve;

import awl.sample.Sampling;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// What chat and plain completions have in common: how tokens are chosen, when an answer ends, what is told of it.
///
/// @param choices answers to each prompt
/// @param maxTokens null = as many as the context holds
/// @param alternatives most probable tokens told beside each; -1 = no log-probabilities at all
/// @param tokenIds whether prompt and answer come back as ids too, as vLLM does it
record Wanted(
        String model,
        int choices,
        Sampling sampling,
        @Nullable Integer maxTokens,
        List<String> stop,
        List<Integer> stopIds,
        boolean ignoreEos,
        int alternatives,
        boolean stream,
        boolean usage,
        boolean tokenIds) {

    /// Where a request says nothing; each has a seed of its own then.
    static final Sampling DEFAULT = Sampling.at(1, 0);

    /// Answers to one prompt at most.
    static final int MOST_CHOICES = 128;

    private static final int MOST_STOPS = 16;
    private static final int MOST_ALTERNATIVES = 20;

    /// @param chat whether log-probabilities are asked for as in chat completions
    /// @param otherwise tokens of an answer where nothing is said; null = as many as the context holds
    static Wanted read(Fields fields, boolean chat, @Nullable Integer otherwise, int vocabulary) {
        Long seed = fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        int topK = fields.whole("top_k", -1, Integer.MAX_VALUE, DEFAULT.topK());
        Sampling sampling = new Sampling(
                fields.number("temperature", 0, 2, DEFAULT.temperature()),
                Math.max(0, topK),
                fields.number("top_p", Double.MIN_VALUE, 1, DEFAULT.topP()),
                fields.number("min_p", 0, 1, DEFAULT.minP()),
                fields.number("repetition_penalty", 0.01, 100, DEFAULT.repetitionPenalty()),
                seed == null ? ThreadLocalRandom.current().nextLong() : seed);
        Long most = fields.whole("max_tokens", 1, Integer.MAX_VALUE);
        if (chat) {
            Long newer = fields.whole("max_completion_tokens", 1, Integer.MAX_VALUE);
            most = newer == null ? most : newer;
        }
        fields.only(
                "frequency_penalty", "penalties by frequency are not supported, only 0; use repetition_penalty", 0L);
        fields.only("presence_penalty", "penalties by presence are not supported, only 0; use repetition_penalty", 0L);
        fields.only("logit_bias", "is not supported", Map.of());
        boolean stream = fields.flag("stream");
        boolean usage = false;
        if (fields.value("stream_options") instanceof Map<?, ?> options) {
            usage = Boolean.TRUE.equals(options.get("include_usage"));
        }
        fields.ignore(
                "user",
                "store",
                "metadata",
                "service_tier",
                "safety_identifier",
                "prompt_cache_key",
                "prompt_cache_retention");
        return new Wanted(
                fields.needText("model"),
                fields.whole("n", 1, MOST_CHOICES, 1),
                sampling,
                most == null ? otherwise : Integer.valueOf(most.intValue()),
                fields.texts("stop", MOST_STOPS),
                fields.ids("stop_token_ids", vocabulary),
                fields.flag("ignore_eos"),
                chat ? chatAlternatives(fields) : fields.whole("logprobs", 0, MOST_ALTERNATIVES, -1),
                stream,
                usage,
                fields.flag("return_token_ids"));
    }

    private static int chatAlternatives(Fields fields) {
        boolean wanted = fields.flag("logprobs");
        Long count = fields.whole("top_logprobs", 0, MOST_ALTERNATIVES);
        if (count != null && count > 0 && !wanted) {
            throw ApiError.field("top_logprobs", "needs logprobs: true");
        }
        return !wanted ? -1 : count == null ? 0 : count.intValue();
    }
}
