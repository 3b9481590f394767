package awl.cli;

import awl.ConfigException;
import awl.data.JsonLinesWriter;
import awl.model.Decoder;
import awl.sample.CachePlan;
import awl.sample.Completion;
import awl.sample.DecoderSlots;
import awl.sample.Generator;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.token.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl generate`: answers to many prompts at once.
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = {
            "Continues every prompt, many at once.",
            "Input as for score; a conversation is rendered with the template's generation prompt.",
            "Output lines {\"id\",\"ids\",\"text\",\"finish_reason\",\"logprobs\"}: ids are the new tokens only, a stop"
                    + " token that ended them included; text is without special tokens and without the stop string, null"
                    + " where the model has no tokenizer; finish_reason is stop or length; logprobs are under the"
                    + " model's own distribution, before temperature and filters.",
            "Order of what shapes the distribution: repetition penalty, temperature, top-k, top-p, min-p."
        })
final class GenerateCommand implements Callable<Integer>, Computing {

    @Mixin
    ModelOptions options = new ModelOptions();

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "JSON lines.")
    Path input;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "JSON lines, in the input's order.")
    Path output;

    @Option(names = "--max-new-tokens", required = true, paramLabel = "N", description = "Longest answer, in tokens.")
    int maxNewTokens;

    @Option(names = "--temperature", defaultValue = "0", description = "0 = the most probable token. Default: 0.")
    double temperature;

    @Option(names = "--top-k", defaultValue = "0", description = "Draw from the k most probable tokens. 0 = off.")
    int topK;

    @Option(names = "--top-p", defaultValue = "1", description = "Draw from the most probable mass p. 1 = off.")
    double topP;

    @Option(
            names = "--min-p",
            defaultValue = "0",
            description = "Drop tokens less than p times as probable as the best. 0 = off.")
    double minP;

    @Option(
            names = "--repetition-penalty",
            defaultValue = "1",
            description = "Make tokens of the prompt and the answer less likely. 1 = off.")
    double repetitionPenalty;

    @Option(
            names = "--seed",
            defaultValue = "0",
            description = "With the number of the row it fixes the draws, whatever the batch. Default: 0.")
    long seed;

    @Option(names = "--batch", defaultValue = "16", paramLabel = "N", description = "Answers at once. Default: 16.")
    int batch;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End an answer before this text. May be repeated.")
    List<String> stop = new ArrayList<>();

    @Option(names = "--ignore-eos", description = "Go on behind the model's end-of-text tokens.")
    boolean ignoreEos;

    @Option(
            names = "--batch-tokens",
            defaultValue = "512",
            paramLabel = "N",
            description = "Prompt tokens read in one step. Default: ${DEFAULT-VALUE}.")
    int batchTokens;

    @Override
    public Integer call() {
        if (maxNewTokens < 1 || batch < 1) {
            throw new ConfigException(
                    "--max-new-tokens and --batch: expected at least 1, found " + maxNewTokens + " and " + batch);
        }
        Sampling sampling = new Sampling(temperature, topK, topP, minP, repetitionPenalty, seed);
        try (ModelTextSource text = new ModelTextSource(options.model, true)) {
            List<PromptRows.Row> rows = PromptRows.read(input, text);
            try (ModelOptions.Loaded model = options.load(rows)) {
                System.err.printf("awl: sampling: %s, seed %d; %d answers at once%n", sampling.describe(), seed, batch);
                Tokenizer tokenizer = text.tokenizer(!stop.isEmpty());
                write(rows, generate(rows, sampling, model.decoder(), tokenizer));
            }
        }
        return 0;
    }

    private List<Completion> generate(
            List<PromptRows.Row> rows, Sampling sampling, Decoder decoder, @Nullable Tokenizer tokenizer) {
        int context = decoder.config().maxPositions();
        List<Integer> stopIds = ignoreEos ? List.of() : decoder.config().eosIds();
        List<Request> requests = new ArrayList<>(rows.size());
        int longest = 1;
        for (PromptRows.Row row : rows) {
            int length = row.ids().length;
            if (length == 0) {
                throw row.line().wrong(row.field() + ": expected at least one token to continue, found none");
            }
            if (length > context) {
                throw row.line()
                        .wrong(row.field() + ": " + length + " tokens do not fit the model's context of " + context);
            }
            // The last new token is never read back, so it needs no room.
            longest = Math.max(longest, (int) Math.min(context, (long) length + maxNewTokens - 1));
            requests.add(new Request(requests.size(), row.ids(), sampling, maxNewTokens, stopIds, stop));
        }
        CachePlan plan = CachePlan.of(decoder, Math.min(batch, rows.size()), longest);
        try (Generator generator = new Generator(new DecoderSlots(decoder, plan), tokenizer, batchTokens)) {
            return generator.complete(requests);
        }
    }

    private void write(List<PromptRows.Row> rows, List<Completion> answers) {
        try (JsonLinesWriter out = JsonLinesWriter.open(output)) {
            for (int n = 0; n < rows.size(); n++) {
                Completion answer = answers.get(n);
                float[] logProbs = new float[answer.logProbs().length];
                for (int t = 0; t < logProbs.length; t++) {
                    logProbs[t] = (float) answer.logProbs()[t];
                }
                Map<String, @Nullable Object> line = new LinkedHashMap<>();
                line.put("id", rows.get(n).id());
                line.put("ids", answer.ids());
                line.put("text", answer.text());
                line.put("finish_reason", answer.finish().label());
                line.put("logprobs", logProbs);
                out.write(line);
            }
            out.commit();
        }
    }
}
