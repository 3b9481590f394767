package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.ConfigException;
import awl.data.RowRenderer;
import awl.kernel.Kernels;
import awl.kernel.TestedKernels;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.TensorSource;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Safetensors;
import awl.tensor.SafetensorsWriter;
import awl.tensor.TensorScope;
import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Preference optimisation through the configuration file, against torch autograd (`dpo.*`), by either
/// kernels.
@ParameterizedClass
@ValueSource(strings = {"reference", "native"})
final class PreferenceObjectiveTest {

    private static final String PREFIX = "policy.";

    private final String kernels;

    @TempDir
    Path temp;

    PreferenceObjectiveTest(String kernels) {
        this.kernels = kernels;
    }

    /// The reference's policy as a model folder.
    private Path policy(String family) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("policy-" + family));
        Files.copy(GoldenRows.model(family).resolve("config.json"), folder.resolve("config.json"));
        try (TensorScope scope = TensorScope.open();
                Safetensors dpo = Safetensors.open(GoldenRows.model(family).resolve("dpo.safetensors"))) {
            List<SafetensorsWriter.Entry> entries = new ArrayList<>();
            for (String name : dpo.names()) {
                if (name.startsWith(PREFIX)) {
                    entries.add(new SafetensorsWriter.Entry(
                            name.substring(PREFIX.length()),
                            ScalarType.Float,
                            dpo.info(name).shape()));
                }
            }
            SafetensorsWriter.write(
                    folder,
                    "model",
                    entries,
                    name -> dpo.read(PREFIX + name, ScalarType.Float),
                    SafetensorsWriter.SHARD_BYTES);
        }
        return folder;
    }

    /// @param reference whether the rows bring the reference log-probabilities along
    private Path pairs(String family, boolean reference) throws IOException {
        List<String> lines = new ArrayList<>();
        try (TensorScope scope = TensorScope.open();
                Safetensors dpo = Safetensors.open(GoldenRows.model(family).resolve("dpo.safetensors"))) {
            List<ObjectNode> rows = GoldenRows.rows(dpo, "mask");
            Tensor weights = dpo.read("pair_weights", ScalarType.Float);
            Tensor logp = dpo.read("reference_logp", ScalarType.Float);
            for (int p = 0; p < rows.size() / 2; p++) {
                ObjectNode pair = GoldenRows.JSON.createObjectNode().put("id", "pair" + p);
                pair.set("chosen", rows.get(2 * p));
                pair.set("rejected", rows.get(2 * p + 1));
                pair.put("pair_weight", weights.select(0, p).item_float());
                if (reference) {
                    pair.putArray("reference_logp")
                            .add(logp.select(0, 2 * p).item_float())
                            .add(logp.select(0, 2 * p + 1).item_float());
                }
                lines.add(pair.toString());
            }
        }
        return Files.write(temp.resolve(family + reference + ".jsonl"), lines);
    }

    private String yaml(Path model, Path rows, String name, String objective) {
        return """
                model: {path: %s, precision: fp32}
                data: {train: %s, validation: %s, shuffle: false}
                objective: %s
                train: {steps: 1, batch_size: 3, clip_norm: 0}
                optimizer: {lr: 0}
                schedule: {type: constant}
                checkpoint: {every: 2, keep: 3}
                output: %s
                """.formatted(model, rows, rows, objective, temp.resolve(name));
    }

    private JsonNode run(String yaml, String name, String... overrides) throws IOException {
        run(yaml, false, Runs.NO_TEXT, overrides);
        return GoldenRows.metrics(temp.resolve(name)).getFirst();
    }

    private Runs.Ended run(String yaml, boolean resume, Supplier<RowRenderer> renderer, String... overrides)
            throws IOException {
        return Runs.run(TestedKernels.wanted(kernels), temp.resolve("config"), yaml, resume, renderer, overrides);
    }

    /// Renders `[{"ids", "weights"}]` as two documents, each with every other of the learned tokens: as a template
    /// that rewrites earlier turns makes them.
    private static final RowRenderer SPLITTING = new RowRenderer() {
        @Override
        public List<Rendered> conversation(JsonNode messages, @Nullable JsonNode tools, int from) {
            JsonNode row = messages.get(0);
            int[] ids = new int[row.path("ids").size()];
            float[][] weights = new float[2][ids.length];
            for (int t = 0; t < ids.length; t++) {
                ids[t] = row.path("ids").get(t).intValue();
                weights[t % 2][t] = row.path("weights").get(t).floatValue();
            }
            return List.of(new Rendered(ids, weights[0]), new Rendered(ids, weights[1]));
        }

        @Override
        public Rendered completion(String prompt, String completion) {
            throw new AssertionError("no row has a completion");
        }
    };

    @ParameterizedTest
    @CsvSource({"dpo, false, 2", "dpo, true, 1", "ipo, true, 2"})
    void branchesOfSeveralDocumentsAreScoredAsSums(String type, boolean packing, int micro) throws IOException {
        Path model = policy("llama");
        String objective = "{type: %s, sft_weight: 0.5, reference: %s}".formatted(type, GoldenRows.model("llama"));
        for (boolean given : new boolean[] {true, false}) {
            Path whole = pairs("llama", given);
            List<String> lines = new ArrayList<>();
            for (String line : Files.readAllLines(whole)) {
                ObjectNode pair = (ObjectNode) GoldenRows.JSON.readTree(line);
                for (String branch : List.of("chosen", "rejected")) {
                    JsonNode row = pair.get(branch);
                    pair.putObject(branch).putArray("messages").add(row);
                }
                lines.add(pair.toString());
            }
            Path split = Files.write(temp.resolve("split.jsonl"), lines);
            List<JsonNode> steps = new ArrayList<>();
            for (Path rows : List.of(whole, split)) {
                Path output = temp.resolve("run" + given + rows.getFileName());
                String yaml = yaml(model, rows, output.toString(), objective);
                Runs.Ended ended =
                        run(yaml, false, () -> SPLITTING, "data.packing=" + packing, "train.micro_batch_size=" + micro);
                assertThat(ended.exitCode()).as(ended.said()).isZero();
                steps.add(GoldenRows.metrics(output).getFirst());
                assertThat(ended.said().contains("6 branches of pairs became 12 documents"))
                        .isEqualTo(rows == split);
            }
            for (String metric : List.of("loss", "margin", "accuracy", "gradient_norm")) {
                double expected = steps.get(0).path(metric).asDouble();
                assertThat(steps.get(1).path(metric).asDouble())
                        .as(metric)
                        .isCloseTo(expected, within(2e-5 * Math.max(1, Math.abs(expected))));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama, dpo, false, 3", "llama, dpo, true, 1", "llama, ipo, false, 1", "llama, ipo, true, 2",
        "qwen2, dpo, false, 1", "qwen2, dpo, true, 2", "qwen2, ipo, false, 3", "qwen2, ipo, true, 1"
    })
    void lossMarginsAndGradientNormEqualTheReference(String family, String type, boolean packing, int micro)
            throws IOException {
        String yaml = yaml(policy(family), pairs(family, true), "run", "{type: %s, beta: 0.1}".formatted(type));
        JsonNode step = run(yaml, "run", "data.packing=" + packing, "train.micro_batch_size=" + micro);
        String named = type.equals("dpo") ? "sigmoid" : "ipo";
        JsonNode golden = GoldenRows.JSON
                .readTree(GoldenRows.model(family).resolve("dpo.json").toFile())
                .path(named);
        double loss = golden.path("loss").asDouble();
        assertThat(step.path("loss").asDouble()).isCloseTo(loss, within(1e-5 * loss));
        double margin = 0;
        double accuracy = 0;
        double[] weights = {1, 0.25, 2};
        for (int p = 0; p < 3; p++) {
            margin += weights[p] * golden.path("margins").get(p).asDouble() / 3.25;
            accuracy += golden.path("margins").get(p).asDouble() > 0 ? weights[p] / 3.25 : 0;
        }
        assertThat(step.path("margin").asDouble()).isCloseTo(margin, within(5e-5));
        assertThat(step.path("accuracy").asDouble()).isCloseTo(accuracy, within(1e-9));
        assertThat(step.path("gradient_norm").asDouble())
                .isCloseTo(norm(family, named), within(1e-4 * norm(family, named)));
        JsonNode held = GoldenRows.JSON.readTree(
                Files.readAllLines(temp.resolve("run/validation.jsonl")).getFirst());
        assertThat(held.path("loss").asDouble()).isCloseTo(loss, within(1e-5 * loss));
        assertThat(held.path("margin").asDouble()).isCloseTo(margin, within(5e-5));
        assertThat(temp.resolve("run/reference.train.jsonl")).doesNotExist();
    }

    private static double norm(String family, String named) {
        double squares = 0;
        try (TensorScope scope = TensorScope.open();
                Safetensors dpo = Safetensors.open(GoldenRows.model(family).resolve("dpo.safetensors"))) {
            for (String name : dpo.names()) {
                if (name.startsWith(named + ".grad.")) {
                    double norm = dpo.read(name, ScalarType.Double).norm().item_double();
                    squares += norm * norm;
                }
            }
        }
        return Math.sqrt(squares);
    }

    @ParameterizedTest
    @CsvSource({"llama, sigmoid", "llama, ipo", "qwen2, sigmoid", "qwen2, ipo"})
    void everyGradientEqualsTheReference(String family, String named) throws IOException {
        String type = named.equals("ipo") ? "ipo" : "dpo";
        Path config = Files.writeString(
                temp.resolve("run.yaml"),
                yaml(policy(family), pairs(family, true), "run", "{type: %s}".formatted(type)));
        TrainConfig read = ConfigFile.read(config, List.of("data.packing=true"));
        awl.tensor.Threads.set(1);
        Kernels by = TestedKernels.of(kernels);
        try (TensorScope scope = TensorScope.open();
                org.bytedeco.pytorch.NoGradGuard guard = new org.bytedeco.pytorch.NoGradGuard();
                Safetensors golden = Safetensors.open(GoldenRows.model(family).resolve("dpo.safetensors"));
                TensorSource source = Checkpoint.open(Path.of(read.model().path()));
                Decoder model = Decoder.load(source, Precision.FP32, by);
                RunFolder folder = RunFolder.open(temp.resolve("run"))) {
            TrainingData data = TrainingData.read(read, 320, 1000, Runs.NO_TEXT);
            Objective objective = Objectives.of(
                            awl.parallel.World.single(), read, data, by, model, folder, new Progress(System.out, false))
                    .train();
            awl.data.StepBatches step = data.stream(read, awl.data.Share.ALL).at(1);
            step.microBatches().forEach(batch -> objective.learn(batch, 1 / step.normaliser()));
            int compared = 0;
            for (Parameter parameter : model.trainable()) {
                Tensor expected = golden.read(named + ".grad." + parameter.name(), ScalarType.Double);
                Tensor apart = java.util.Objects.requireNonNull(parameter.gradient())
                        .to(ScalarType.Double)
                        .sub(expected);
                assertThat(apart.norm().item_double())
                        .as(parameter.name())
                        .isLessThan(1e-4 * expected.norm().item_double());
                compared++;
            }
            assertThat(compared).isGreaterThan(25);
        }
    }

    /// The reference's log-probabilities are those of the golden checkpoint itself.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aReferenceModelGivesTheReferenceLogProbabilities(boolean packing) throws IOException {
        Path rows = pairs("llama", false);
        String yaml =
                yaml(policy("llama"), rows, "run", "{type: dpo, reference: %s}".formatted(GoldenRows.model("llama")));
        JsonNode step = run(yaml, "run", "data.packing=" + packing);
        assertThat(step.path("loss").asDouble()).isCloseTo(0.6413243412971497, within(1e-5));
        List<String> cached = Files.readAllLines(temp.resolve("run/reference.train.jsonl"));
        assertThat(cached).hasSize(4);
        assertThat(GoldenRows.JSON
                        .readTree(cached.get(1))
                        .at("/reference_logp/0")
                        .asDouble())
                .isCloseTo(-132.0004425048828, within(1e-4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "lora: {rank: 4}"})
    void withoutAReferenceTheModelStartsAtItsOwn(String lora) throws IOException {
        String yaml =
                yaml(GoldenRows.model("llama"), pairs("llama", false), "run", "{type: dpo, sft_weight: 0.5}") + lora;
        JsonNode step = run(yaml, "run", "optimizer.lr=1e-3", "train.steps=8");
        List<JsonNode> steps = GoldenRows.metrics(temp.resolve("run"));
        assertThat(step.path("margin").asDouble()).isCloseTo(0, within(1e-4));
        // log 2 and half the mean negative log-likelihood of the chosen branches
        double supervised =
                (132.0004425048828 / 22 + 0.25 * 51.866912841796875 / 9 + 2 * 17.057464599609375 / 3) / 3.25;
        assertThat(step.path("loss").asDouble()).isCloseTo(Math.log(2) + 0.5 * supervised, within(1e-4));
        assertThat(steps.getLast().path("margin").asDouble()).isGreaterThan(0.5);
        assertThat(steps.getLast().path("accuracy").asDouble()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "lora: {rank: 4, dropout: 0.1}"})
    void aResumedRunEqualsAStraightOneBitByBit(String lora) throws IOException {
        String rows = "{type: ipo, sft_weight: 0.1}";
        Path model = GoldenRows.model("llama");
        String[] more = {"optimizer.lr=1e-3", "train.batch_size=2", "data.shuffle=true", "data.packing=true"};
        run(yaml(model, pairs("llama", false), "straight", rows) + lora, "straight", join(more, "train.steps=6"));
        String half = yaml(model, pairs("llama", false), "half", rows) + lora;
        run(half, "half", join(more, "train.steps=4"));
        Path cache = temp.resolve("half/reference.train.jsonl");
        String first = Files.readString(cache);
        Files.delete(temp.resolve("half/reference.validation.jsonl")); // found out and computed again, from the start
        run(half, true, Runs.NO_TEXT, join(more, "train.steps=6"));
        assertThat(cache).hasContent(first);
        assertThat(temp.resolve("half/checkpoints/step-6/tensors.safetensors"))
                .hasSameBinaryContentAs(temp.resolve("straight/checkpoints/step-6/tensors.safetensors"));
        for (String key : List.of("loss", "margin", "accuracy", "gradient_norm", "validation_loss")) {
            assertThat(GoldenRows.metrics(temp.resolve("half")).getLast().path(key))
                    .isEqualTo(GoldenRows.metrics(temp.resolve("straight"))
                            .getLast()
                            .path(key));
        }
    }

    private static String[] join(String[] first, String... second) {
        return java.util.stream.Stream.concat(java.util.Arrays.stream(first), java.util.Arrays.stream(second))
                .toArray(String[]::new);
    }

    @Test
    void pairsAndObjectivesThatDoNotBelongTogetherAreRefused() throws IOException {
        Path pairs = pairs("llama", true);
        Path model = GoldenRows.model("llama");
        assertThatThrownBy(() -> run(yaml(model, pairs, "a", "{type: mixed}"), "a"))
                .hasMessageContaining(
                        "llamatrue.jsonl:1: a preference pair (chosen, rejected) needs objective.type dpo or ipo");
        Path rows = GoldenRows.write("llama", temp.resolve("rows.jsonl"));
        assertThatThrownBy(() -> run(yaml(model, rows, "b", "{type: dpo}"), "b"))
                .hasMessageContaining("rows.jsonl:1: expected chosen and rejected");
        Path bare = pairs("llama", false);
        assertThatThrownBy(() -> run(yaml(model, bare, "c", "{type: dpo, reference: /nowhere}"), "c"))
                .isInstanceOf(awl.AwlException.class)
                .hasMessageContaining("/nowhere");
        assertThatThrownBy(() -> run(yaml(model, pairs, "d", "{type: dpoo}"), "d"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("objective.type: expected one of cross_entropy, mixed, dpo, ipo");
    }
}
