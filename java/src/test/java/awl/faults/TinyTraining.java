package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.data.SplitMix;
import awl.pipeline.TinyChat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `awl train` of a tiny model on seeded rows, some seconds long, and what a run of it has to leave.
final class TinyTraining {

    static final int STEPS = 72;
    private static final int PAIRS = 1200;

    private final Path config;

    private TinyTraining(Path config) {
        this.config = config;
    }

    /// Model, rows and configuration.
    static TinyTraining in(Path folder) throws IOException {
        return in(folder, STEPS);
    }

    static TinyTraining in(Path folder, int steps) throws IOException {
        Path model = TinyChat.write(folder.resolve("model"));
        SplitMix random = new SplitMix(7);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            List<Integer> ids = new ArrayList<>();
            List<Double> weights = new ArrayList<>();
            int length = 20 + random.below(60);
            for (int t = 0; t < length; t++) {
                ids.add(t % 3 == 2 ? (ids.getLast() * 5 + 3) % 2000 : random.below(2000));
                weights.add(t % 3 == 2 ? 1.0 : 0.25);
            }
            rows.add(Json.write(Map.of("id", "row" + i, "ids", ids, "weights", weights)));
        }
        Path train = Files.write(folder.resolve("train.jsonl"), rows.subList(0, 50));
        Path held = Files.write(folder.resolve("held.jsonl"), rows.subList(50, 60));
        return new TinyTraining(
                Files.writeString(folder.resolve("run.yaml"), """
                model: {path: %s}
                lora: {rank: 4, dropout: 0.1}
                data: {train: %s, validation: %s, packing: true, max_length: 128}
                train: {steps: %d, batch_size: 8, seed: 3}
                checkpoint: {every: 6, keep: 3}
                output: unset
                """.formatted(model, train, held, steps)));
    }

    /// Preferences between seeded answers, whose reference scores take as long as some steps.
    static TinyTraining preferencesIn(Path folder) throws IOException {
        Path model = TinyChat.write(folder.resolve("model"));
        SplitMix random = new SplitMix(11);
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < PAIRS + 8; i++) {
            List<Integer> prompt = ids(random, 12);
            pairs.add(Json.write(
                    Map.of("id", "pair" + i, "chosen", answer(prompt, random), "rejected", answer(prompt, random))));
        }
        Path train = Files.write(folder.resolve("pairs.jsonl"), pairs.subList(0, PAIRS));
        Path held = Files.write(folder.resolve("held-pairs.jsonl"), pairs.subList(PAIRS, PAIRS + 8));
        return new TinyTraining(
                Files.writeString(folder.resolve("preferences.yaml"), """
                model: {path: %s}
                objective: {type: dpo}
                lora: {rank: 4}
                data: {train: %s, validation: %s, packing: true, max_length: 128}
                train: {steps: %d, batch_size: 4, seed: 3}
                checkpoint: {every: 24}
                output: unset
                """.formatted(model, train, held, STEPS)));
    }

    private static List<Integer> ids(SplitMix random, int count) {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(random.below(2000));
        }
        return ids;
    }

    /// A row whose prompt does not count.
    private static Map<String, Object> answer(List<Integer> prompt, SplitMix random) {
        List<Integer> ids = new ArrayList<>(prompt);
        ids.addAll(ids(random, 8 + random.below(16)));
        List<Integer> weights = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            weights.add(i < prompt.size() ? 0 : 1);
        }
        return Map.of("ids", ids, "weights", weights);
    }

    /// Arguments of `awl`; it resumes where there is something.
    List<String> into(Path run, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "train", "--config", config.toString(), "--resume", "--threads", "1", "--set", "output=" + run));
        arguments.addAll(List.of(more));
        return arguments;
    }

    /// The same over two ranks of this machine, gradients in shares.
    List<String> overRanks(Path run, int graceSeconds) {
        List<String> arguments =
                new ArrayList<>(List.of("launch", "--nproc", "2", "--grace", Integer.toString(graceSeconds), "--"));
        arguments.addAll(into(run, "--set", "train.zero=2"));
        return arguments;
    }

    /// Waits until a process has done its first step.
    ///
    /// @return whether it ended before
    static boolean endsBeforeItsFirstStep(AwlProcess process) throws IOException, InterruptedException {
        while (!process.said().contains("/%d: loss".formatted(STEPS))) { // said of the first step of every start
            if (process.endsWithin(2)) {
                return true;
            }
        }
        return false;
    }

    /// The same weights, moments, state and numbers, bit for bit.
    static void assertSame(Path run, Path undisturbed) throws IOException {
        assertSame(run, undisturbed, STEPS);
    }

    static void assertSame(Path run, Path undisturbed, int steps) throws IOException {
        for (String file : List.of(
                "adapter/adapter_model.safetensors",
                "checkpoints/step-%d/tensors.safetensors".formatted(steps),
                "checkpoints/step-%d/state.json".formatted(steps),
                "validation.jsonl")) {
            assertThat(run.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        assertThat(metrics(run)).hasSize(steps).isEqualTo(metrics(undisturbed));
    }

    private static List<Map<String, @Nullable Object>> metrics(Path run) throws IOException {
        List<Map<String, @Nullable Object>> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            Map<String, @Nullable Object> row = Json.object(line, "metrics");
            row.keySet().removeAll(List.of("seconds", "tokens_per_second", "peak_memory"));
            lines.add(row);
        }
        return lines;
    }

    /// Steps that have a line.
    static long steps(Path run) throws IOException {
        Path metrics = run.resolve("metrics.jsonl");
        return Files.exists(metrics) ? Files.readString(metrics).lines().count() : 0;
    }
}
