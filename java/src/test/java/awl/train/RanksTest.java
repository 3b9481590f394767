package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DivergedException;
import awl.kernel.KernelSelection;
import awl.parallel.ThreadWorld;
import awl.parallel.World;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Several ranks compute what one computes: the same loss curve, parts and weights within float32 rounding, whatever
/// the objective, however unequal the shares. The ranks are threads; real processes are tried in `LaunchCommandTest`.
final class RanksTest {

    private static final String[] NUMBERS = {
        "train.steps=12", "train.batch_size=3", "optimizer.lr=1e-3", "schedule.type=constant", "checkpoint.every=4"
    };
    private static final PrintStream NOWHERE = new PrintStream(PrintStream.nullOutputStream());

    @TempDir
    Path temp;

    private Path rows(String objective) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            ObjectNode row = GoldenRows.JSON.createObjectNode();
            if (objective.equals("dpo")) {
                document(row.putObject("chosen"), i, 3 + i);
                document(row.putObject("rejected"), i + 50, 2 + i);
                row.put("pair_weight", 1 + i % 3);
            } else {
                document(row, i, 2 + 3 * i);
                row.put("origin", List.of("knowledge", "easy", "hard").get(i % 3));
            }
            lines.add(row.toString());
        }
        return Files.write(temp.resolve(objective + ".jsonl"), lines);
    }

    private static void document(ObjectNode row, int seed, int length) {
        ArrayNode ids = row.putArray("ids");
        ArrayNode weights = row.putArray("weights");
        for (int t = 0; t < length; t++) {
            ids.add((seed * 37 + t * 11) % 300);
            weights.add(t == 0 ? 0 : 1);
        }
    }

    private TrainConfig config(String name, String objective, String... more) throws IOException {
        String extra = switch (objective) {
            case "mixed" -> "objective: {type: mixed, alpha: 0.4, lambda: 0.3}";
            case "dpo" -> "objective: {type: dpo, beta: 0.2}";
            case "lora" -> "lora: {rank: 4}";
            default -> "lora: null";
        };
        Path rows = rows(objective);
        Path yaml = Files.writeString(temp.resolve(name + ".yaml"), """
                model: {path: %s}
                data: {train: %s, validation: %s, packing: true}
                output: %s
                %s
                """.formatted(
                        GoldenRows.model("llama"), rows, rows, temp.resolve(name), extra));
        return ConfigFile.read(
                yaml, Stream.concat(Arrays.stream(NUMBERS), Arrays.stream(more)).toList());
    }

    private int run(int ranks, TrainConfig config, boolean resume) {
        return run(ranks, config, resume, new StopSignal());
    }

    /// @param asked what the last rank is asked
    private int run(int ranks, TrainConfig config, boolean resume, StopSignal asked) {
        return run(ranks == 1 ? List.of(World.single()) : ThreadWorld.of(ranks), config, resume, asked);
    }

    private int run(List<World> worlds, TrainConfig config, boolean resume, StopSignal asked) {
        Threads.set(1);
        int ranks = worlds.size();
        List<Callable<Integer>> all = new ArrayList<>();
        for (World world : worlds) {
            StopSignal stop = world.rank() == ranks - 1 ? asked : new StopSignal();
            all.add(() -> {
                try {
                    int code = new TrainingRun(
                                    world,
                                    config,
                                    resume,
                                    KernelSelection.Wanted.REFERENCE,
                                    Runs.NO_TEXT,
                                    new Progress(NOWHERE, false),
                                    stop)
                            .run();
                    world.close();
                    return code;
                } catch (RuntimeException | Error e) {
                    world.fail(String.valueOf(e.getMessage()));
                    throw e;
                }
            });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(ranks)) {
            List<Integer> codes = new ArrayList<>();
            for (Future<Integer> each : threads.invokeAll(all)) {
                codes.add(each.get());
            }
            assertThat(codes).containsOnly(codes.getFirst());
            return codes.getFirst();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<JsonNode> metrics(String name, String file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(temp.resolve(name).resolve(file))) {
            ObjectNode node = (ObjectNode) GoldenRows.JSON.readTree(line);
            node.remove(List.of("seconds", "tokens_per_second", "peak_memory"));
            lines.add(node);
        }
        return lines;
    }

    private void assertSameCurve(String name, String reference) throws IOException {
        for (String file : List.of("metrics.jsonl", "validation.jsonl")) {
            List<JsonNode> lines = metrics(name, file);
            List<JsonNode> expected = metrics(reference, file);
            assertThat(lines).hasSameSizeAs(expected);
            for (int i = 0; i < lines.size(); i++) {
                JsonNode line = lines.get(i);
                assertThat(line.propertyStream().map(p -> p.getKey()).toList())
                        .containsExactlyElementsOf(expected.get(i)
                                .propertyStream()
                                .map(p -> p.getKey())
                                .toList());
                JsonNode before = expected.get(i);
                before.properties().forEach(property -> {
                    if (property.getKey().equals("accuracy")
                            && Math.abs(before.path("margin").asDouble()) < 1e-3) {
                        return; // before training both branches are as likely: rounding decides
                    }
                    double value = property.getValue().asDouble();
                    assertThat(line.path(property.getKey()).asDouble())
                            .as("%s: %s", file, property)
                            .isCloseTo(value, within(2e-5 * Math.max(1, Math.abs(value))));
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "plain,2,0",
        "plain,4,1",
        "plain,3,2",
        "lora,3,0",
        "lora,2,2",
        "mixed,2,1",
        "mixed,4,0",
        "mixed,4,2",
        "dpo,2,0",
        "dpo,4,1",
        "dpo,4,2"
    })
    void severalRanksGiveTheCurveOfOne(String objective, int ranks, int zero) throws IOException {
        run(1, config("one", objective), false);
        run(ranks, config("many", objective, "train.zero=" + zero, "train.bucket_mib=1"), false);
        assertSameCurve("many", "one");
        assertThat(metrics("many", "validation.jsonl").getLast().path("loss").asDouble())
                .isLessThan(metrics("many", "validation.jsonl")
                        .getFirst()
                        .path("loss")
                        .asDouble());
    }

    /// Seven rows of a micro-batch each: ranks have different numbers of them.
    @ParameterizedTest
    @CsvSource({"plain,3,0", "plain,3,2", "lora,2,2", "mixed,4,2", "dpo,3,2"})
    void manyMicroBatchesAStepToo(String objective, int ranks, int zero) throws IOException {
        String[] small = {"train.batch_size=7", "train.micro_batch_size=1", "data.packing=false", "train.zero=" + zero};
        run(1, config("one", objective, small), false);
        run(ranks, config("many", objective, small), false);
        assertSameCurve("many", "one");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void theSameRanksGiveTheSameBits(int zero) throws IOException {
        String[] small = {"train.batch_size=7", "train.micro_batch_size=1", "data.packing=false", "train.zero=" + zero};
        run(3, config("first", "plain", small), false);
        run(3, config("second", "plain", more(small, "train.overlap=false")), false);
        assertThat(metrics("first", "metrics.jsonl")).isEqualTo(metrics("second", "metrics.jsonl"));
        for (String file : List.of("model/model.safetensors", "checkpoints/step-12/tensors.safetensors")) {
            assertThat(temp.resolve("first").resolve(file))
                    .hasSameBinaryContentAs(temp.resolve("second").resolve(file));
        }
    }

    /// Dealt by micro-batches, so that every bit is the same; each rank has some.
    @Test
    void allRanksComputeReferenceScores() throws IOException {
        String[] numbers = {"train.steps=1", "train.micro_batch_size=1", "data.packing=false"};
        run(1, config("one", "dpo", numbers), false);
        run(3, config("three", "dpo", numbers), false);
        for (String file : List.of("reference.train.jsonl", "reference.validation.jsonl")) {
            assertThat(temp.resolve("three").resolve(file))
                    .hasSameBinaryContentAs(temp.resolve("one").resolve(file));
        }
        for (int rank = 1; rank < 3; rank++) {
            assertThat(temp.resolve("three/log-rank%d.txt".formatted(rank)))
                    .content()
                    .contains("of 7 train pairs", ", 2 of them on this rank");
        }
        run(2, config("three", "dpo", more(numbers, "train.steps=2")), true);
        assertThat(temp.resolve("three/log-rank1.txt")).content().doesNotContain(", 3 of them on this rank");
    }

    private static String[] more(String[] given, String... more) {
        return Stream.concat(Arrays.stream(given), Arrays.stream(more)).toArray(String[]::new);
    }

    /// Names, shapes and places are the same always; with one micro-batch a rank and no clipping also every bit.
    @Test
    void aCheckpointIsTheSameFileForAnyZero() throws IOException {
        String[] numbers = {"train.steps=3", "data.packing=false", "train.clip_norm=0", "model.precision=bf16"};
        run(1, config("one", "plain", numbers), false);
        for (int zero = 0; zero <= 2; zero++) {
            run(2, config("zero" + zero, "plain", more(numbers, "train.zero=" + zero)), false);
        }
        assertThat(header("zero0")).isEqualTo(header("one")).contains("optimizer.master.");
        for (String other : List.of("zero1", "zero2")) {
            assertThat(tensors(other)).hasSameBinaryContentAs(tensors("zero0"));
        }
    }

    private Path tensors(String name) {
        return temp.resolve(name).resolve("checkpoints/step-3/tensors.safetensors");
    }

    private String header(String name) throws IOException {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(tensors(name)))) {
            return new String(in.readNBytes((int) Long.reverseBytes(in.readLong())), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0121", "2210"})
    void aCheckpointGoesOnWithAnyNumberOfRanks(String zeros) throws IOException {
        run(1, config("straight", "plain"), false);
        int[] ranks = {1, 2, 4, 1};
        for (int part = 0; part < ranks.length; part++) {
            TrainConfig config = config(
                    "elastic",
                    "plain",
                    "train.steps=" + 3 * (part + 1),
                    "train.zero=" + zeros.charAt(part),
                    "checkpoint.every=3");
            assertThat(run(ranks[part], config, part > 0)).isZero();
        }
        List<JsonNode> lines = metrics("elastic", "metrics.jsonl");
        List<JsonNode> expected = metrics("straight", "metrics.jsonl");
        assertThat(lines).hasSize(12);
        for (int i = 0; i < 12; i++) {
            for (String key : List.of("loss", "gradient_norm")) {
                assertThat(lines.get(i).path(key).asDouble())
                        .isCloseTo(expected.get(i).path(key).asDouble(), within(2e-5));
            }
        }
    }

    /// All ranks pass over the same checkpoint, whatever each has read of it.
    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void aDamagedCheckpointIsPassedOverByAllRanks(int zero) throws IOException {
        run(2, config("straight", "plain", "train.zero=" + zero), false);
        run(2, config("damaged", "plain", "train.zero=" + zero, "train.steps=8"), false);
        Runs.flip(temp.resolve("damaged/checkpoints/step-8/tensors.safetensors"), -9);
        run(2, config("damaged", "plain", "train.zero=" + zero), true);
        assertThat(temp.resolve("damaged/log-rank1.txt")).content().contains("step-8 is damaged", "behind step 4");
        Path last = Path.of("checkpoints/step-12/tensors.safetensors");
        assertThat(temp.resolve("damaged").resolve(last))
                .hasSameBinaryContentAs(temp.resolve("straight").resolve(last));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void bf16MastersAreSharedOutToo(int zero) throws IOException {
        run(2, config("whole", "plain", "model.precision=bf16"), false);
        run(2, config("shares", "plain", "model.precision=bf16", "train.zero=" + zero), false);
        assertSameCurve("shares", "whole");
        run(4, config("shares", "plain", "model.precision=bf16", "train.zero=" + zero, "train.steps=16"), true);
        run(2, config("whole", "plain", "model.precision=bf16", "train.steps=16"), true);
        assertThat(metrics("shares", "metrics.jsonl").getLast().path("loss").asDouble())
                .isCloseTo(
                        metrics("whole", "metrics.jsonl").getLast().path("loss").asDouble(), within(1e-3));
    }

    @Test
    void whatOneRankIsAskedAllDo() throws IOException {
        StopSignal asked = new StopSignal();
        asked.request();
        assertThat(run(2, config("stopped", "plain"), false, asked)).isEqualTo(143);
        assertThat(metrics("stopped", "metrics.jsonl")).isEmpty();

        StopSignal checkpoint = new StopSignal();
        run(1, config("goes on", "plain", "train.steps=4"), false);
        run(2, config("goes on", "plain", "train.steps=6"), true);
        checkpoint.requestCheckpoint();
        // Behind step 6 there is one already, and nothing is written twice.
        assertThat(run(2, config("goes on", "plain", "train.steps=7"), true, checkpoint))
                .isZero();
        assertThat(temp.resolve("goes on/checkpoints/step-7")).isDirectory();
        assertThat(temp.resolve("goes on/log-rank1.txt")).content().contains("resuming behind step 6");
    }

    /// What a rank has told the others it does: a signal behind that waits for the next border.
    @Test
    void aSignalBehindTheAgreementLeavesNobodyAlone() throws IOException {
        StopSignal asked = new StopSignal();
        List<World> worlds = new ArrayList<>(ThreadWorld.of(2));
        World last = worlds.getLast();
        worlds.set(1, (World) Proxy.newProxyInstance(
                World.class.getClassLoader(), new Class<?>[] {World.class}, (self, method, arguments) -> {
                    try {
                        Object result = method.invoke(last, arguments);
                        if (method.getName().equals("sum")
                                && Tensors.dtype((Tensor) arguments[0]) == ScalarType.Double
                                && ((Tensor) arguments[0]).numel() == 2) {
                            asked.request(); // the agreement is the one sum of two numbers
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
        assertThat(run(worlds, config("late", "plain", "data.validation=null"), false, asked))
                .isEqualTo(143);
        assertThat(metrics("late", "metrics.jsonl")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void allRanksEndWhenLossOrGradientIsNoNumber(int zero) {
        assertThatThrownBy(() -> run(
                        2,
                        config("wild", "plain", "optimizer.lr=1e30", "data.validation=null", "train.zero=" + zero),
                        false))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("step 2: the loss is")
                .hasMessageContaining("first seen in documents: ")
                .hasMessageContaining("gradients that are not finite: ");
    }

    @Test
    void anotherZeroIsRefusedWithThoseThereAre() {
        assertThatThrownBy(() -> config("run", "plain", "train.zero=3"))
                .isInstanceOf(awl.ConfigException.class)
                .hasMessageContaining("train.zero: expected 0, 1 or 2, found 3");
    }

    @Test
    void ranksWithOtherFilesAreRefused() {
        assertThatThrownBy(() -> run(2, config("run", "plain", "model.path=/nowhere"), false))
                .isInstanceOf(awl.ConfigException.class)
                .hasMessageContaining("model.path: /nowhere");
    }
}
