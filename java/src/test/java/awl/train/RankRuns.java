package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.kernel.KernelSelection;
import awl.parallel.ThreadWorld;
import awl.parallel.World;
import awl.tensor.Threads;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
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

/// Tiny runs over several ranks, which are threads here, and what they leave in their folders.
///
/// @param folder of the folders
record RankRuns(Path folder) {

    private static final String[] NUMBERS = {
        "train.steps=12", "train.batch_size=3", "optimizer.lr=1e-3", "schedule.type=constant", "checkpoint.every=4"
    };
    private static final PrintStream NOWHERE = new PrintStream(PrintStream.nullOutputStream());

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
        return Files.write(folder.resolve(objective + ".jsonl"), lines);
    }

    private static void document(ObjectNode row, int seed, int length) {
        ArrayNode ids = row.putArray("ids");
        ArrayNode weights = row.putArray("weights");
        for (int t = 0; t < length; t++) {
            ids.add((seed * 37 + t * 11) % 300);
            weights.add(t == 0 ? 0 : 1);
        }
    }

    TrainConfig config(String name, String objective, String... more) throws IOException {
        String extra = switch (objective) {
            case "mixed" -> "objective: {type: mixed, alpha: 0.4, lambda: 0.3}";
            case "dpo" -> "objective: {type: dpo, beta: 0.2}";
            case "lora" -> "lora: {rank: 4}";
            default -> "lora: null";
        };
        Path rows = rows(objective);
        Path yaml = Files.writeString(folder.resolve(name + ".yaml"), """
                model: {path: %s}
                data: {train: %s, validation: %s, packing: true}
                output: %s
                %s
                """.formatted(
                        GoldenRows.model("llama"), rows, rows, folder.resolve(name), extra));
        return ConfigFile.read(
                yaml, Stream.concat(Arrays.stream(NUMBERS), Arrays.stream(more)).toList());
    }

    int run(int ranks, TrainConfig config, boolean resume) {
        return run(ranks, config, resume, new StopSignal());
    }

    /// @param asked what the last rank is asked
    int run(int ranks, TrainConfig config, boolean resume, StopSignal asked) {
        return run(ranks == 1 ? List.of(World.single()) : ThreadWorld.of(ranks), config, resume, asked);
    }

    int run(List<World> worlds, TrainConfig config, boolean resume, StopSignal asked) {
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

    List<JsonNode> metrics(String name, String file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(name).resolve(file))) {
            ObjectNode node = (ObjectNode) GoldenRows.JSON.readTree(line);
            node.remove(List.of("seconds", "tokens_per_second", "peak_memory"));
            lines.add(node);
        }
        return lines;
    }

    void assertSameCurve(String name, String reference) throws IOException {
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

    static String[] more(String[] given, String... more) {
        return Stream.concat(Arrays.stream(given), Arrays.stream(more)).toArray(String[]::new);
    }
}
