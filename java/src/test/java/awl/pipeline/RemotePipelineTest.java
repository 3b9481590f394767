package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.Shared;
import awl.chat.ToolMode;
import awl.model.Decoder;
import awl.remote.FaultyServer;
import awl.remote.HttpPolicy;
import awl.remote.RemoteAnswers;
import awl.remote.RemoteSettings;
import awl.sample.CachePlan;
import awl.sample.DecoderSlots;
import awl.sample.Sampling;
import awl.sample.SlotModel;
import awl.serve.ModelServer;
import awl.serve.ScriptedChat;
import awl.serve.ServedModel;
import awl.serve.ServerOptions;
import awl.serve.http.HttpLimits;
import awl.task.Gold;
import awl.task.Problem;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.train.StopSignal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The method with its answers from a server.
final class RemotePipelineTest {

    private static final String KEY = "sk-pipeline-90ab3c";

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        awl.tensor.Threads.set(1);
    }

    /// A model that calls the calculator, reads its result and answers: through the server, the same traces
    /// are accepted, token by token.
    @Test
    void greedilyTheTracesAreThoseOfTheModelInTheProcess() throws IOException {
        UnaryOperator<String> script = before -> (before.contains("Tool result")
                        ? "The answer is 42."
                        : before.contains("fail")
                                ? "{\"tool\": \"calculator\", \"arguments\": }"
                                : "{\"tool\": \"calculator\", \"arguments\": {\"expression\": \"6*7\"}}")
                + ScriptedChat.END;
        List<AgentLoop.Question> questions = new ArrayList<>();
        for (String text : List.of("How much is 6 times 7?", "Try to fail.", "And 7 times 6?")) {
            Problem problem = Problem.plain(
                    "p" + questions.size(), "mechanics", "sum", text, List.of(), new Gold.Quantity(42, "", 1e-4));
            questions.add(new AgentLoop.Question(problem, ToolMode.FORCED, 0));
        }
        PipelineConfig config = PipelineConfigFile.parse("run.yaml", """
                model: {path: m}
                policy: {endpoints: ["http://unused"], concurrency: 2}
                problems: {sets: [mechanics]}
                tools: {listing: names}
                episode: {tokens: 200, turn_tokens: 100, context: 900, batch: 2}
                output: run
                """, List.of());
        try (ScriptedChat chat = new ScriptedChat(folder.resolve("m"));
                ProblemSetting setting =
                        new ProblemSetting(config, PromptTexts.of(config.prompts()), CallFormat.PLAIN, List.of());
                ModelServer server =
                        ModelServer.start(chat.served(() -> chat.model(2, script)), ServerOptions.local(0))) {
            Map<String, Trajectory> here =
                    tried(new LocalTurns(chat.model(2, script), 512), chat, setting, config, questions);
            assertThat(here.values()).hasSize(3).allMatch(Trajectory::right);
            assertThat(here.values()).filteredOn(each -> each.answered() == 1).hasSize(2);
            for (PipelineConfig.Api api : PipelineConfig.Api.values()) {
                List<String> notes = new ArrayList<>();
                HttpPolicy policy = new HttpPolicy(
                        RemoteSettings.of(
                                List.of("http://127.0.0.1:" + server.port()), null, 2, Duration.ofSeconds(20), 2),
                        ScriptedChat.NAME,
                        RemoteAnswers.NONE,
                        notes::add);
                PipelineConfig.Policy asked = new PipelineConfig.Policy(List.of(), null, null, api, 2, 20, 2, false);
                RemoteTurns turns = new RemoteTurns(policy, asked, chat.renderer(), 900, 2064);
                Map<String, Trajectory> there = tried(turns, chat, setting, config, questions);
                assertThat(there)
                        .usingRecursiveComparison()
                        .ignoringFieldsMatchingRegexes(".*seconds")
                        .isEqualTo(here);
                // The call that could not be read stands in messages as one of an unknown tool.
                assertThat(notes).as(api.toString()).hasSize(api == PipelineConfig.Api.CHAT ? 1 : 0);
            }
        }
    }

    private static Map<String, Trajectory> tried(
            TurnWriter writer,
            ScriptedChat chat,
            ProblemSetting setting,
            PipelineConfig config,
            List<AgentLoop.Question> questions) {
        Map<String, Trajectory> ended = new TreeMap<>();
        try (AgentLoop loop =
                new AgentLoop(chat.renderer(), writer, List.of(TinyChat.END_ID), setting, config.episode())) {
            loop.run(questions.iterator(), Sampling.GREEDY, each -> ended.put(each.key(), each));
        }
        return ended;
    }

    /// The whole run through a server that fails a quarter of the time, the trained adapter handed over and
    /// served: the files are those of a run in one process.
    @Test
    void aRunThroughServersThatFailGivesTheSameFiles() throws IOException {
        Path model = TinyChat.write(folder.resolve("m"));
        assertThat(run(config(model, "here"))).isZero();
        try (CheckpointText text = CheckpointText.folder(model);
                Decoder decoder = new ModelRef(model, null).load("fp32");
                ModelServer server = ModelServer.start(served(text, decoder, model), options(null));
                HttpClient client = HttpClient.newHttpClient();
                FaultyServer between = new FaultyServer(5, 0.25, forward(client, server.port()))) {
            PipelineConfig config = config(
                    model,
                    "there",
                    "policy.endpoints=[\"" + between.root() + "\"]",
                    "policy.model=tiny",
                    "policy.timeout=1",
                    "policy.retries=40",
                    "policy.concurrency=4",
                    "policy.lora=true");
            assertThat(run(config)).isZero();
            assertThat(between.faults().size()).isGreaterThan(1);
            for (String file : List.of(
                    "solutions.jsonl",
                    "derivations.jsonl",
                    "round-1/tries.jsonl",
                    "evaluation-base.jsonl",
                    "evaluation-mixed.jsonl")) {
                assertThat(said("there", file))
                        .as(file)
                        .isEqualTo(said("here", file))
                        .isNotEmpty();
            }
            // Answers that are kept are not asked for again.
            int asked = between.asked();
            Files.delete(folder.resolve("there/evaluation-base.jsonl"));
            assertThat(run(config)).isZero();
            assertThat(said("there", "evaluation-base.jsonl")).isEqualTo(said("here", "evaluation-base.jsonl"));
            assertThat(between.asked()).isEqualTo(asked);
            assertThat(models(client, server.port())).doesNotContain("awl-");
        }
    }

    private static String models(HttpClient client, int port) throws IOException {
        try {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/models"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private ServerOptions options(@Nullable String key) {
        return new ServerOptions("127.0.0.1", 0, key, false, 64, folder, HttpLimits.standard(), Duration.ofSeconds(5));
    }

    private static ServedModel served(CheckpointText text, Decoder decoder, Path model) {
        return new ServedModel(
                "tiny", text, null, () -> slots(decoder), List.of(TinyChat.END_ID), 2064, 640, 512, adapter -> {
                    Decoder adapted = new ModelRef(model, adapter).load("fp32");
                    return new ServedModel.Adapted(adapted, () -> slots(adapted));
                });
    }

    private static SlotModel slots(Decoder decoder) {
        return new DecoderSlots(decoder, CachePlan.of(decoder.cacheBytesPerToken(), 1 << 28, 4, 640));
    }

    private static FaultyServer.Answers forward(HttpClient client, int port) {
        return (path, body) -> {
            try {
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                return answer.statusCode() + " " + answer.body();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        };
    }

    private PipelineConfig config(Path model, String output, String... more) {
        return PipelineConfigFile.parse("run.yaml", yaml(model, output), List.of(more));
    }

    private String yaml(Path model, String output) {
        return """
                model: {path: "%s"}
                problems: {sets: [mechanics], train: 4, test: 2}
                tools: {listing: names}
                episode: {tokens: 12, turn_tokens: 8, context: 640, batch: 4}
                solve: {by: both, tries: 1}
                partition: {samples: 1, max_samples: 1, temperature: 0}
                evaluate: {models: [base, mixed]}
                lora: {rank: 2}
                train: {epochs: 1, batch_size: 4}
                output: "%s"
                """.formatted(model, folder.resolve(output));
    }

    private static int run(PipelineConfig config) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        return new Pipeline(config, new StopSignal(), new PrintStream(said, true, StandardCharsets.UTF_8)).run(1);
    }

    /// What was asked and said, which does not depend on time.
    private List<String> said(String run, String file) {
        return Trajectory.readAll(folder.resolve(run).resolve(file)).stream()
                .sorted(Comparator.comparing(Trajectory::key))
                .map(each -> each.key() + " " + each.stop() + " " + each.turns() + " "
                        + java.util.Arrays.toString(each.ids()))
                .toList();
    }

    /// As a person runs it: the key is in the environment, reaches the server, and is in no file and no line.
    @Test
    void theKeyIsInNoFileAndNoLine() throws Exception {
        Path model = TinyChat.write(folder.resolve("m"));
        try (CheckpointText text = CheckpointText.folder(model);
                Decoder decoder = new ModelRef(model, null).load("fp32");
                ModelServer server = ModelServer.start(served(text, decoder, model), options(KEY));
                FaultyServer telling = new FaultyServer(
                        1, 0, (path, body) -> "401 {\"error\": {\"message\": \"Incorrect API key: " + KEY + "\"}}")) {
            Path yaml = folder.resolve("run.yaml");
            Files.writeString(yaml, yaml(model, "kept"));
            String[] set = {
                "evaluate.models=[base]", "evaluate.prompts=[none]", "policy.key_env=AWL_TEST_KEY", "policy.model=tiny"
            };
            String good = awl(0, yaml, "http://127.0.0.1:" + server.port(), set);
            assertThat(folder.resolve("kept/remote-answers.jsonl")).isNotEmptyFile();
            String bad = awl(
                    2,
                    yaml,
                    telling.root(),
                    Stream.concat(Stream.of(set), Stream.of("output=\"" + folder.resolve("refused") + "\""))
                            .toArray(String[]::new));
            assertThat(bad).contains("refuses us").contains("***");
            assertThat(telling.lastKey()).isEqualTo("Bearer " + KEY);
            assertThat(good + bad).doesNotContain(KEY);
            try (Stream<Path> files = Files.walk(folder)) {
                assertThat(files.filter(Files::isRegularFile).filter(RemotePipelineTest::holdsKey))
                        .isEmpty();
            }
        }
    }

    private static boolean holdsKey(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(KEY);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String awl(int expected, Path yaml, String endpoint, String... set) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-Dawl.home=" + Shared.home(),
                "-cp",
                System.getProperty("java.class.path"),
                "awl.cli.Main",
                "run",
                "--config",
                yaml.toString(),
                "--threads",
                "1",
                "--set",
                "policy.endpoints=[\"" + endpoint + "\"]"));
        for (String each : set) {
            command.add("--set");
            command.add(each);
        }
        Path said = folder.resolve("said-" + expected + ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
        builder.environment().put("AWL_TEST_KEY", KEY);
        Process process = builder.start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        String text = Files.readString(said);
        assertThat(process.exitValue()).as(text).isEqualTo(expected);
        return text;
    }

    /// One row of remote-answers.jsonl, for people who look into it.
    @Test
    void keptAnswersComeBack() throws IOException {
        Path file = folder.resolve("remote-answers.jsonl");
        try (KeptAnswers kept = new KeptAnswers(file, note -> {})) {
            kept.keep("h1", Map.of("choices", List.of()));
        }
        Files.writeString(file, Files.readString(file) + "{\"request\": \"h2\", \"answ");
        List<String> notes = new ArrayList<>();
        try (KeptAnswers kept = new KeptAnswers(file, notes::add)) {
            assertThat(Json.write(kept.find("h1"))).isEqualTo("{\"choices\":[]}");
            assertThat(kept.find("h2")).isNull();
        }
        assertThat(notes).singleElement().asString().contains("cut off");
    }
}
