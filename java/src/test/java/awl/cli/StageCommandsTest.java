package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.pipeline.TinyChat;
import awl.task.Problem;
import awl.task.ProblemFile;
import awl.task.ProblemSets;
import awl.task.Split;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every stage as a command, from file to file.
final class StageCommandsTest {

    @TempDir
    Path folder;

    private String said = "";

    private int awl(String command, String... more) {
        List<String> line = new ArrayList<>(List.of(command));
        for (String each : more) {
            line.add(each.startsWith("@") ? folder.resolve(each.substring(1)).toString() : each);
        }
        line.addAll(List.of("--config", folder.resolve("run.yaml").toString(), "--threads", "1"));
        PrintStream before = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            return Main.execute(line.toArray(new String[0]));
        } finally {
            System.setErr(before);
            said = bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private void config() throws IOException {
        Path model = TinyChat.write(folder.resolve("m"));
        Files.writeString(folder.resolve("run.yaml"), """
                model: {path: "%s"}
                problems: {sets: [epidemiology]}
                tools: {listing: names}
                episode: {tokens: 8, turn_tokens: 8, context: 700, batch: 4}
                partition: {samples: 1, temperature: 0.0}
                preference: {proposals: 2, temperature: 0.9}
                output: "%s"
                """.formatted(model, folder.resolve("run"))
                .replace("sets: [epidemiology]", "sets: [epidemiology], open: 1"));
    }

    @Test
    void stagesHandFilesOn() throws IOException {
        config();
        List<Problem> problems = ProblemSets.named("mechanics").generate(3, 1, Split.TRAIN, List.of());
        ProblemFile.write(folder.resolve("p.jsonl"), problems);
        assertThat(awl("solve", "--problems", "@p.jsonl", "--output", "@s.jsonl", "--by", "script"))
                .as(said)
                .isZero();
        assertThat(said).contains("3 questions solved with tools and right");
        assertThat(awl("restate", "--problems", "@p.jsonl", "--solutions", "@s.jsonl", "--output", "@d.jsonl"))
                .as(said)
                .isZero();
        assertThat(awl("partition", "--problems", "@p.jsonl", "--tries", "@t.jsonl", "--output", "@e.jsonl"))
                .as(said)
                .isZero();
        assertThat(said).contains("0 easy, 3 hard");
        assertThat(awl(
                        "compose",
                        "--problems",
                        "@p.jsonl",
                        "--solutions",
                        "@s.jsonl",
                        "--derivations",
                        "@d.jsonl",
                        "--difficulty",
                        "@e.jsonl",
                        "--output",
                        "@rows.jsonl"))
                .as(said)
                .isZero();
        assertThat(said).contains("3 knowledge, 0 easy, 3 hard");
        assertThat(Files.readAllLines(folder.resolve("rows.jsonl"))).hasSize(6);
        assertThat(awl("compose", "--rows", "knowledge", "--problems", "@p.jsonl", "--output", "@rows.jsonl"))
                .isEqualTo(2);
        assertThat(said).contains("--derivations");
        assertThat(awl("evaluate", "--problems", "@p.jsonl", "--output", "@a.jsonl"))
                .as(said)
                .isZero();
        assertThat(Files.readAllLines(folder.resolve("a.jsonl"))).hasSize(9);
    }

    @Test
    void proposalsAreRankedByTheMetricOfTheirQuestion() throws IOException {
        config();
        var set = ProblemSets.named("epidemiology");
        List<Problem> open = set.generate(1, 1, Split.TRAIN, set.openKinds());
        ProblemFile.write(folder.resolve("open.jsonl"), open);
        String worse = open.getFirst().conclusion().replaceAll(": \\d+(\\.\\d+)?", ": 0");
        List<String> lines = new ArrayList<>();
        int attempt = 0;
        for (String reply : List.of(worse, open.getFirst().conclusion())) {
            lines.add("""
                    {"id": "%s", "prompt": "optional", "try": %d, "stop": "answered", "tokens": 2, "prompt_tokens": 1, \
                    "turns": [{"role": "assistant", "content": "%s"}], "ids": [1, 2, %d], "weights": [0, 1, 1]}\
                    """.formatted(open.getFirst().id(), attempt, reply, 3 + attempt++));
        }
        Files.write(folder.resolve("proposals.jsonl"), lines);
        assertThat(awl(
                        "rank",
                        "--problems",
                        "@open.jsonl",
                        "--proposals",
                        "@proposals.jsonl",
                        "--output",
                        "@pairs.jsonl"))
                .as(said)
                .isZero();
        assertThat(said).contains("2 of 2 proposals are valid; 1 pairs");
        String pair = Files.readString(folder.resolve("pairs.jsonl"));
        assertThat(pair)
                .contains("\"chosen\":{\"ids\":[1,2,4],\"weights\":[0.0,1.0,1.0]}")
                .contains("\"rejected\":{\"ids\":[1,2,3]");
    }

    @Test
    void aFolderAtWorkIsRefused() throws IOException {
        config();
        ProblemFile.write(
                folder.resolve("p.jsonl"), ProblemSets.named("mechanics").generate(1, 1, Split.TRAIN, List.of()));
        try (var lock = awl.train.RunFolder.open(folder)) {
            assertThat(awl("solve", "--problems", "@p.jsonl", "--output", "@s.jsonl"))
                    .isEqualTo(2);
            assertThat(said).contains("another run is at work in this folder");
        }
    }
}
