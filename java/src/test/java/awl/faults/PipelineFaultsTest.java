package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.data.SplitMix;
import awl.pipeline.TinyChat;
import awl.task.Problem;
import awl.task.ProblemSet;
import awl.task.ProblemSets;
import awl.task.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `awl run` killed with -9 at random moments of its stages: the same rows, weights and results as undisturbed.
///
/// The short form, part of the build, kills once in each of two stages that the seed draws; `-Dawl.faults=N` kills N
/// times in every stage, at most five times in one stage of one run, `-Dawl.faults.seed=N` at other moments, and
/// `-Dawl.faults.stage=questions` in the stage of that name alone.
final class PipelineFaultsTest {

    private static final int IN_EACH = Integer.getInteger("awl.faults", 0);
    private static final long SEED = Long.getLong("awl.faults.seed", 1);
    private static final String STAGE = System.getProperty("awl.faults.stage", "");
    private static final int A_RUN = 5;
    private static final Pattern HEAD = Pattern.compile("^\\[\\d+/\\d+] (.*?)(: done before)?\n", Pattern.MULTILINE);

    @TempDir
    Path folder;

    private Path config() throws IOException {
        Path model = TinyChat.write(folder.resolve("m"));
        return Files.writeString(folder.resolve("run.yaml"), """
                model: {path: "%s"}
                problems: {sets: [epidemiology], train: 8, test: 4, open: 4}
                tools: {listing: names}
                episode: {tokens: 12, turn_tokens: 8, context: 640, batch: 4}
                bootstrap: {epochs: 1}
                solve: {by: script}
                partition: {samples: 2, max_samples: 4}
                preference: {proposals: 4, epochs: 6}
                evaluate: {models: [base, mixed], prompts: [none, optional]}
                lora: {rank: 2}
                train: {epochs: 6, batch_size: 2}
                checkpoint: {every: 3}
                output: unset
                """.formatted(model));
    }

    private static List<String> into(Path config, Path run) {
        return List.of("run", "--config", config.toString(), "--threads", "1", "--set", "output=" + run);
    }

    @Test
    void killedAtRandomMomentsOfEveryStage() throws Exception {
        Path config = config();
        Path undisturbed = begun("undisturbed");
        Path log = folder.resolve("undisturbed.log");
        assertThat(AwlProcess.run(log, into(config, undisturbed)))
                .as(Files.readString(log))
                .isZero();
        Map<String, Double> seconds = stages(undisturbed);
        List<String> stages = List.copyOf(seconds.keySet());
        assertThat(stages).hasSize(13);
        SplitMix random = new SplitMix(SEED);
        Map<String, Integer> left = new LinkedHashMap<>();
        stages.forEach(each -> left.put(each, each.startsWith(STAGE) ? IN_EACH : 0));
        while (IN_EACH == 0 && left.values().stream().mapToInt(each -> each).sum() < 2) {
            left.put(stages.get(random.below(stages.size())), 1);
        }

        Map<String, Integer> killed = new LinkedHashMap<>();
        int runs = 0;
        int starts = 0;
        while (left.values().stream().anyMatch(each -> each > 0)) {
            Path run = begun("killed-" + runs++);
            Map<String, Integer> here = new LinkedHashMap<>();
            boolean ended = false;
            int first = 0; // stages before it are done in this run
            while (!ended) {
                int target = IntStream.range(first, stages.size())
                        .filter(each -> left.getOrDefault(stages.get(each), 0) > 0
                                && here.getOrDefault(stages.get(each), 0) < A_RUN)
                        .findFirst()
                        .orElse(stages.size());
                log = folder.resolve("killed-%d.log".formatted(starts++));
                try (AwlProcess process = AwlProcess.start(log, into(config, run))) {
                    ended = endsBefore(process, stages, target);
                    if (!ended) {
                        int millis = (int) (1000 * seconds.getOrDefault(stages.get(target), 0.0));
                        ended = process.endsWithin(random.below(millis + 20));
                    }
                    if (ended) {
                        assertThat(process.end()).as(process.said()).isZero();
                    }
                }
                if (!ended) {
                    String stage = at(Files.readString(log));
                    first = stages.indexOf(stage);
                    here.merge(stage, 1, Integer::sum);
                    left.merge(stage, -1, Integer::sum);
                    killed.merge(stage, 1, Integer::sum);
                }
            }
            assertSame(run, undisturbed);
            System.out.printf("faults: awl run, %d runs as undisturbed, killed in %s%n", runs, killed);
        }
        System.out.printf(
                "faults: awl run killed %d times, seed %d, %d runs, all as undisturbed; in stages: %s%n",
                killed.values().stream().mapToInt(each -> each).sum(), SEED, runs, killed);
    }

    /// A run's folder with two of four proposals to each open-ended question there already, as a model that can do it
    /// would have made them: this one's are noise, and there would be nothing to prefer.
    private Path begun(String name) throws IOException {
        ProblemSet set = ProblemSets.named("epidemiology");
        List<String> proposals = new ArrayList<>();
        for (Problem each : set.generate(4, 1, Split.TRAIN, set.openKinds())) {
            String good = String.valueOf(each.conclusion());
            for (String reply : List.of(good.replaceAll(": \\d+(\\.\\d+)?", ": 0"), good)) {
                int number = proposals.size();
                proposals.add("""
                        {"id": "open-%s", "prompt": "optional", "try": %d, "stop": "answered", "tokens": 2, \
                        "prompt_tokens": 1, "turns": [{"role": "assistant", "content": "%s"}], "ids": [1, 2, %d], \
                        "weights": [0, 1, 1]}\
                        """.formatted(each.id(), number % 2, reply, 3 + number));
            }
        }
        Path run = Files.createDirectories(folder.resolve(name));
        Files.write(run.resolve("proposals.jsonl"), proposals);
        return run;
    }

    /// Waits until a stage, or one behind it, is at work.
    ///
    /// @return whether the run ended before
    private static boolean endsBefore(AwlProcess process, List<String> stages, int target) throws Exception {
        while (true) {
            if (stages.indexOf(at(process.said())) >= target) {
                return false;
            }
            if (process.endsWithin(2)) {
                return true;
            }
        }
    }

    /// The last stage that a log says was begun; none where it was found done, or before the first.
    private static String at(String log) {
        String title = "";
        Matcher heads = HEAD.matcher(log);
        while (heads.find()) {
            title = heads.group(2) == null ? heads.group(1) : title;
        }
        return title;
    }

    /// Stages that were at work, in order, and the seconds of each.
    private static Map<String, Double> stages(Path run) throws IOException {
        Map<String, Double> stages = new LinkedHashMap<>();
        for (String line : Files.readAllLines(run.resolve("stages.jsonl"))) {
            Map<String, @Nullable Object> row = Json.object(line, "stages");
            double seconds = row.get("seconds") instanceof Number took ? took.doubleValue() : 0;
            stages.put(String.valueOf(row.get("stage")), seconds);
        }
        return stages;
    }

    /// The same weights of all trainings, rows and results.
    private static void assertSame(Path run, Path undisturbed) throws IOException {
        try (Stream<Path> files = Files.walk(undisturbed)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = undisturbed.relativize(file).toString();
                if (name.endsWith("adapter/adapter_model.safetensors")) {
                    assertThat(run.resolve(name)).hasSameBinaryContentAs(file);
                } else if (name.endsWith(".jsonl") && !name.equals("stages.jsonl") && !name.endsWith("metrics.jsonl")) {
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
            row.remove("reference"); // a path
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
