package awl.cli;

import awl.ConfigException;
import awl.Json;
import awl.bench.Quantiles;
import awl.sample.CachePlan;
import awl.sample.Completion;
import awl.sample.DecoderSlots;
import awl.sample.Generator;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.tensor.Threads;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl bench-generate`: how fast greedy decoding is; our side of `benchmarks/peers/compare.py`.
///
/// What counts is what `awl generate` does between reading its rows and writing them: prompts read, tokens made and
/// turned into ids. End-of-text tokens are ignored, so that every engine makes the same number of tokens.
@Command(
        name = "bench-generate",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = "Times greedy decoding of the first rows; the last line of output is a JSON object.")
final class BenchGenerateCommand implements Callable<Integer>, Computing {

    @Mixin
    ModelOptions options = new ModelOptions();

    @Option(names = "--rows", required = true, paramLabel = "FILE", description = "Prompts, as for generate.")
    Path input;

    @Option(names = "--batch", defaultValue = "1", description = "Prompts answered at once. Default: 1.")
    int batch;

    @Option(names = "--new-tokens", defaultValue = "128", description = "Length of every answer. Default: 128.")
    int newTokens;

    @Option(names = "--steps", defaultValue = "3", description = "Measured repetitions. Default: 3.")
    int steps;

    @Option(names = "--warmup", defaultValue = "1", description = "Repetitions before those. Default: 1.")
    int warmup;

    @Option(
            names = "--serve",
            description = "Each repetition once more through awl serve on this machine, with a client for every row.")
    boolean serve;

    @Override
    public Integer call() {
        if (batch < 1 || newTokens < 1 || steps < 1 || warmup < 0) {
            throw new ConfigException("--batch, --new-tokens and --steps: expected at least 1, --warmup at least 0");
        }
        List<PromptRows.Row> rows;
        try (ModelTextSource text = new ModelTextSource(options.model, true)) {
            rows = PromptRows.read(input, text);
        }
        if (rows.size() < batch) {
            throw new ConfigException(input + ": " + rows.size() + " rows, --batch " + batch + " asked for");
        }
        List<Request> requests = new ArrayList<>();
        int longest = 1;
        int promptTokens = 0;
        for (PromptRows.Row row : rows.subList(0, batch)) {
            requests.add(new Request(requests.size(), row.ids(), Sampling.GREEDY, newTokens, List.of(), List.of()));
            longest = Math.max(longest, row.ids().length + newTokens);
            promptTokens += row.ids().length;
        }
        List<Double> seconds = new ArrayList<>();
        List<Double> served = new ArrayList<>();
        try (ModelOptions.Loaded model = options.load(rows);
                ServedGeneration server =
                        serve ? new ServedGeneration(options.model, model.decoder(), batch, longest) : null) {
            CachePlan plan = CachePlan.of(model.decoder(), batch, longest);
            List<Completion> answers = List.of();
            for (int n = 0; n < warmup + steps; n++) {
                long start = System.nanoTime();
                // A cache of its own each time: nothing of an earlier repetition may be reused.
                try (Generator generator = new Generator(new DecoderSlots(model.decoder(), plan), null, 512)) {
                    answers = generator.complete(requests);
                }
                double elapsed = (System.nanoTime() - start) * 1e-9;
                if (n >= warmup) {
                    seconds.add(elapsed);
                }
                if (server != null) {
                    double again = server.seconds(requests, n, answers);
                    if (n >= warmup) {
                        served.add(again);
                    }
                }
            }
            report(model, seconds, served, answers, promptTokens);
        }
        return 0;
    }

    private void report(
            ModelOptions.Loaded model,
            List<Double> seconds,
            List<Double> served,
            List<Completion> answers,
            int promptTokens) {
        int made = answers.stream().mapToInt(answer -> answer.ids().length).sum();
        Quantiles all = Quantiles.of(seconds);
        int[] first = answers.getFirst().ids();
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("name", "awl generate");
        line.put("dtype", model.decoder().numbers());
        line.put("threads", Threads.count());
        line.put("steps", steps);
        line.put("warmup", warmup);
        line.put("median_seconds", all.median());
        line.put("fastest_seconds", all.least());
        line.put("seconds", seconds);
        line.put("useful_tokens", made);
        line.put("tokens_per_second", made / all.median());
        line.put("batch", batch);
        line.put("prompt_tokens", promptTokens);
        line.put("first_row", Arrays.copyOf(first, Math.min(16, first.length)));
        if (!served.isEmpty()) {
            double[] ratios = IntStream.range(0, steps)
                    .mapToDouble(n -> seconds.get(n) / served.get(n))
                    .sorted()
                    .toArray();
            line.put("served_seconds", served);
            line.put("served_by_in_process", ratios);
            line.put(
                    "served_by_in_process_median",
                    Quantiles.ofRatios(seconds, served).median());
        }
        line.put("kernels", model.kernels().name());
        line.put("sampling", model.kernels().sampler(model.decoder().device()));
        System.out.println(Json.write(line));
    }
}
