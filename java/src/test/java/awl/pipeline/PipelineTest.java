package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.Json;
import awl.train.StopSignal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PipelineTest {

    @TempDir
    Path folder;

    private Path model = Path.of("");
    private String said = "";

    @BeforeAll
    static void oneThread() {
        awl.tensor.Threads.set(1);
    }

    @BeforeEach
    void model() throws IOException {
        model = TinyChat.write(folder.resolve("m"));
    }

    private PipelineConfig config(String... more) {
        List<String> set = new ArrayList<>(List.of(more));
        return PipelineConfigFile.parse("run.yaml", """
                model: {path: "%s"}
                problems: {sets: [mechanics], train: 6, test: 4}
                tools: {listing: names}
                episode: {tokens: 12, turn_tokens: 8, context: 640, batch: 4}
                solve: {by: script}
                partition: {samples: 2, max_samples: 4}
                evaluate: {models: [base, knowledge, traces-only, tua-only, mixed]}
                lora: {rank: 2}
                train: {epochs: 1, batch_size: 4}
                output: "%s"
                """.formatted(model, folder.resolve("run")), set);
    }

    private int run(PipelineConfig config) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            return new Pipeline(config, new StopSignal(), new PrintStream(bytes, true, StandardCharsets.UTF_8)).run(1);
        } finally {
            said = bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private List<Map<String, Object>> rows(String file) throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("run").resolve(file))) {
            rows.add(Json.object(line, file));
        }
        return rows;
    }

    @Test
    void theWholeLineFromQuestionsToTheReport() throws IOException {
        assertThat(run(config())).isZero();
        assertThat(rows("solutions.jsonl"))
                .hasSize(6)
                .allSatisfy(row -> assertThat(row).containsEntry("right", true));
        assertThat(rows("knowledge.jsonl")).hasSize(6);
        // Noise answers nothing, so every question is hard, and its share goes to the others.
        assertThat(rows("round-1/difficulty.jsonl"))
                .hasSize(6)
                .allSatisfy(row -> assertThat(row).containsEntry("easy", false));
        assertThat(said).contains("no easy question");
        List<Map<String, Object>> mixed = rows("round-1/mixed.jsonl");
        assertThat(mixed.stream().map(row -> row.get("origin")))
                .containsOnly("knowledge", "hard")
                .hasSize(12);
        assertThat(rows("round-1/mixed/metrics.jsonl").getFirst()).containsKeys("J_WKD", "J_hard", "J_Mix");
        assertThat(rows("evaluation-mixed.jsonl")).hasSize(12);
        Map<String, Object> results = Json.object(Files.readString(folder.resolve("run/results.json")), "results");
        assertThat((List<?>) results.get("models")).hasSize(5);
        assertThat((List<?>) results.get("comparisons")).hasSize(3 * (4 + 3));
        assertThat(folder.resolve("run/report.html")).exists();
        whatComputedIsSaidAndKept();
    }

    /// Said once; kept beside the rows and shown in the report.
    private void whatComputedIsSaidAndKept() throws IOException {
        Map<String, Object> environment =
                Json.object(Files.readString(folder.resolve("run/environment.json")), "environment");
        assertThat(environment)
                .containsEntry("device", "cpu")
                .containsEntry("precision", "fp32")
                .containsEntry("threads", 1L)
                .containsKeys("commit", "processor", "libtorch", "device_reason", "kernels", "started");
        assertThat(environment.get("sampler")).isEqualTo("Java on the host");
        String chosen = "kernels %s, sampling by Java on the host".formatted(environment.get("kernels"));
        assertThat(said.lines().filter(line -> line.contains(chosen)))
                .singleElement()
                .asString()
                .startsWith("on cpu");
        assertThat(said).contains("sampling: greedy, seed ");
        assertThat(folder.resolve("run/report.html"))
                .content()
                .contains("device_reason", String.valueOf(environment.get("kernels")));
    }

    @Test
    void aRunThatWasKilledGoesOnWithoutRepeatingOrLosingALine() throws IOException {
        PipelineConfig config = config("evaluate.models=[base, mixed]");
        assertThat(run(config)).isZero();
        Path answers = folder.resolve("run/evaluation-base.jsonl");
        List<String> before = Files.readAllLines(answers);
        // As kill -9 leaves it: five whole lines and a piece of the sixth.
        Files.writeString(
                answers,
                String.join("\n", before.subList(0, 5)) + "\n"
                        + before.get(5).substring(0, before.get(5).length() / 2));
        assertThat(run(config)).isZero();
        assertThat(said).contains("the last line was cut off");
        List<String> after = Files.readAllLines(answers);
        assertThat(after.subList(0, 5)).isEqualTo(before.subList(0, 5));
        assertThat(keys(after))
                .containsExactlyInAnyOrderElementsOf(keys(before))
                .doesNotHaveDuplicates();
        assertThat(said).contains("knowledge: solutions without tools under P_n (WKD): done before");
    }

    /// What was asked and said, which does not depend on time.
    private static List<String> keys(List<String> lines) {
        return lines.stream()
                .map(line -> Json.object(line, "line"))
                .map(row -> row.get("id") + " " + row.get("prompt") + " " + row.get("turns"))
                .toList();
    }

    @Test
    void aFolderBegunWithOtherNumbersOrPromptsIsRefused() throws IOException {
        Files.createDirectories(folder.resolve("run"));
        PipelineConfig config = config();
        Files.writeString(folder.resolve("run/pipeline.yaml"), PipelineConfigFile.write(config("partition.tau=0.9")));
        assertThatThrownBy(() -> run(config))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("partition.tau 0.9, now it is 0.5");
        Files.writeString(folder.resolve("run/pipeline.yaml"), PipelineConfigFile.write(config("episode.batch=7")));
        Files.writeString(folder.resolve("run/prompts.json"), "{}");
        assertThatThrownBy(() -> run(config)).hasMessageContaining("other prompts");
    }

    @Test
    void withNothingSolvedTheRunEndsWithWhatToDo() {
        assertThatThrownBy(() -> run(config("solve.by=model", "solve.tries=1")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no question was solved with tools")
                .hasMessageContaining("solve.by: both");
    }

    @Test
    void aTypoIsToldWithTheNearestKey() {
        assertThatThrownBy(() -> config("partition.sample=3"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("did you mean partition.samples?");
        assertThatThrownBy(() -> config("train.epoch=3")).hasMessageContaining("did you mean train.epochs?");
        assertThatThrownBy(() -> config("evaluate.models=[best]")).hasMessageContaining("evaluate.models");
        assertThatThrownBy(() -> config("partition.tau=1.5"))
                .hasMessageContaining("partition.tau: expected more than 0");
    }

    @Test
    void twoRoundsAndPreferencesBetweenProposals() throws IOException {
        PipelineConfig config = config(
                "problems.sets=[epidemiology]",
                "problems.open=2",
                "preference.proposals=2",
                "preference.weighted=true",
                "rounds=2",
                "evaluate.models=[mixed]",
                "evaluate.prompts=[none, optional]");
        // What a model that can do it would propose: the best plan and one that does nothing.
        var set = awl.task.ProblemSets.named("epidemiology");
        List<String> lines = new ArrayList<>();
        for (awl.task.Problem each : set.generate(2, 1, awl.task.Split.TRAIN, set.openKinds())) {
            String good = each.conclusion();
            for (String reply : List.of(good.replaceAll(": \\d+(\\.\\d+)?", ": 0"), good)) {
                lines.add("""
                        {"id": "open-%s", "prompt": "optional", "try": %d, "stop": "answered", "tokens": 2, \
                        "prompt_tokens": 1, "turns": [{"role": "assistant", "content": "%s"}], "ids": [1, 2, %d], \
                        "weights": [0, 1, 1]}\
                        """.formatted(each.id(), lines.size() % 2, reply, 3 + lines.size()));
            }
        }
        Files.createDirectories(folder.resolve("run"));
        Files.write(folder.resolve("run/proposals.jsonl"), lines);
        assertThat(run(config)).as(said).isZero();
        assertThat(rows("pairs.jsonl"))
                .hasSize(2)
                .allSatisfy(row -> assertThat(row).containsEntry("pair_weight", 1.0));
        assertThat(rows("preference/metrics.jsonl").getFirst()).containsKeys("margin", "accuracy");
        assertThat(rows("round-2/mixed/metrics.jsonl")).isNotEmpty();
        assertThat(said).contains("evaluation of mixed-1").contains("evaluation of preference");
        // Four questions under P_n and P_i, two open-ended ones under P_i.
        assertThat(rows("evaluation-preference.jsonl")).hasSize(4 + 4 + 2);
    }

    @Test
    void unseenQuestionsAmongThoseTrainedOnAreRefusedOrDropped() throws IOException {
        var problems = awl.task.ProblemSets.named("mechanics").generate(5, 3, awl.task.Split.TRAIN, List.of());
        awl.task.ProblemFile.write(folder.resolve("train.jsonl"), problems);
        awl.task.ProblemFile.write(folder.resolve("test.jsonl"), problems.subList(0, 2));
        String[] files = {
            "problems.sets=[]",
            "problems.train_files=[\"" + folder.resolve("train.jsonl") + "\"]",
            "problems.test_files=[\"" + folder.resolve("test.jsonl") + "\"]",
            "evaluate.models=[base]"
        };
        assertThatThrownBy(() -> run(config(files)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("2 of 2 unseen questions")
                .hasMessageContaining("problems.contamination: drop");
        List<String> dropping = new ArrayList<>(List.of(files));
        dropping.add("problems.contamination=drop");
        dropping.add("output=\"" + folder.resolve("other") + "\"");
        assertThat(run(config(dropping.toArray(new String[0])))).as(said).isZero();
        assertThat(awl.task.ProblemFile.read(folder.resolve("other/problems-train.jsonl")))
                .hasSize(3);
    }

    @Test
    void theShippedRunIsReadWithoutComplaint() {
        Path shipped = awl.Shared.home().resolve("java/src/main/resources/awl/runs/smollm2.yaml");
        assertThat(PipelineConfigFile.read(shipped, List.of()).problems().sets())
                .hasSize(4);
        PipelineConfig given = PipelineConfigFile.shipped("smollm2.yaml", List.of("model.path=other.gguf", "seed=3"));
        assertThat(given.model().path()).isEqualTo("other.gguf");
        assertThat(given.seed()).isEqualTo(3);
    }
}
