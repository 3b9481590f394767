package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.data.SplitMix;
import awl.pipeline.TinyChat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `awl run` killed at random moments of random stages: the same rows, weights and results as undisturbed. As
/// long as
/// `-Dawl.faults=N` says.
final class PipelineFaultsTest {

    private static final int KILLS = Integer.getInteger("awl.faults", 2);
    private static final long SEED = Long.getLong("awl.faults.seed", 1);

    @TempDir
    Path folder;

    private List<String> into(Path config, Path run) {
        return List.of("run", "--config", config.toString(), "--threads", "1", "--set", "output=" + run);
    }

    @Test
    void killedAtRandomMomentsOfEveryStage() throws Exception {
        Path model = TinyChat.write(folder.resolve("m"));
        Path config = Files.writeString(folder.resolve("run.yaml"), """
                model: {path: "%s"}
                problems: {sets: [mechanics], train: 8, test: 4}
                tools: {listing: names}
                episode: {tokens: 12, turn_tokens: 8, context: 640, batch: 4}
                solve: {by: script}
                partition: {samples: 2, max_samples: 4}
                evaluate: {models: [base, mixed], prompts: [none, optional]}
                lora: {rank: 2}
                train: {epochs: 6, batch_size: 2}
                checkpoint: {every: 3}
                output: unset
                """.formatted(model));
        Path undisturbed = folder.resolve("undisturbed");
        Path log = folder.resolve("log");
        assertThat(AwlProcess.run(log, into(config, undisturbed)))
                .as(Files.readString(log))
                .isZero();
        Map<String, Double> stages = stages(undisturbed);

        SplitMix random = new SplitMix(SEED);
        Map<String, Integer> where = new TreeMap<>();
        int kills = 0;
        int runs = 0;
        while (kills < KILLS) {
            Path run = folder.resolve("killed-" + runs++);
            int ofThisRun = 0;
            boolean ended = false;
            while (!ended) {
                List<String> left = new ArrayList<>(stages.keySet());
                left.removeAll(stages(run).keySet());
                try (AwlProcess process = AwlProcess.start(log, into(config, run))) {
                    if (kills < KILLS && ofThisRun < 4 && !left.isEmpty()) {
                        int stage = random.below(left.size());
                        ended = within(process, run, left, stage)
                                || process.endsWithin(
                                        random.below((int) (1000 * stages.getOrDefault(left.get(stage), 0.0)) + 20));
                        where.merge(left.get(stage), ended ? 0 : 1, Integer::sum);
                    } else {
                        ended = process.endsWithin(120_000);
                    }
                    if (ended) {
                        assertThat(process.end()).as(process.said()).isZero();
                    }
                }
                kills += ended ? 0 : 1;
                ofThisRun++;
            }
            assertSame(run, undisturbed);
        }
        System.out.printf(
                "faults: awl run killed %d times, seed %d, %d runs, all as undisturbed; in stages: %s%n",
                kills, SEED, runs, where);
    }

    /// Waits until a stage has begun.
    ///
    /// @param left stages that are not done, in order
    /// @return whether the run ended before
    private static boolean within(AwlProcess process, Path run, List<String> left, int stage) throws Exception {
        while (stage > 0 && !stages(run).containsKey(left.get(stage - 1))) {
            if (process.endsWithin(5)) {
                return true;
            }
        }
        return false;
    }

    /// Stages that are done, in order, and the seconds of each.
    private static Map<String, Double> stages(Path run) throws IOException {
        Map<String, Double> stages = new LinkedHashMap<>();
        Path file = run.resolve("stages.jsonl");
        if (Files.exists(file)) {
            String text = Files.readString(file);
            for (String line :
                    text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
                Map<String, @Nullable Object> row = Json.object(line, "stages");
                double seconds = row.get("seconds") instanceof Number took ? took.doubleValue() : 0;
                stages.put(String.valueOf(row.get("stage")), seconds);
            }
        }
        return stages;
    }

    private static void assertSame(Path run, Path undisturbed) throws IOException {
        for (String file : List.of(
                "knowledge/adapter/adapter_model.safetensors", "round-1/mixed/adapter/adapter_model.safetensors")) {
            assertThat(run.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        try (Stream<Path> files = Files.list(undisturbed)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".jsonl")).toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("stages.jsonl")) {
                    assertThat(rows(run.resolve(name))).as(name).containsExactlyInAnyOrderElementsOf(rows(file));
                }
            }
        }
        Object results = withoutTime(Json.object(Files.readString(run.resolve("results.json")), "results"));
        assertThat(results)
                .isEqualTo(withoutTime(Json.object(Files.readString(undisturbed.resolve("results.json")), "results")));
    }

    private static List<@Nullable Object> rows(Path file) throws IOException {
        List<@Nullable Object> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            Map<String, @Nullable Object> row = Json.object(line, file.toString());
            row.remove("logprobs"); // in another company of rows the last digits are others
            rows.add(withoutTime(row));
        }
        return rows;
    }

    private static @Nullable Object withoutTime(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> copy = new TreeMap<>();
            map.forEach((key, each) -> {
                if (!"seconds".equals(key)) {
                    copy.put(String.valueOf(key), withoutTime(each));
                }
            });
            return copy;
        }
        return value instanceof List<?> list
                ? list.stream().map(PipelineFaultsTest::withoutTime).toList()
                : value;
    }
}
