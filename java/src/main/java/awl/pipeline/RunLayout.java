package awl.pipeline;

import awl.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Where things lie in the folder of a run.
///
/// ```
/// pipeline.yaml  prompts.json        what it was begun with
/// problems-train.jsonl  problems-unseen.jsonl  problems-open.jsonl
/// bootstrap.jsonl  bootstrap/        scripted traces, and the run trained on them
/// solutions.jsonl  derivations.jsonl with tools, without
/// knowledge.jsonl  knowledge/        WKD
/// round-N/tries.jsonl  round-N/difficulty.jsonl  round-N/mixed.jsonl  round-N/mixed/
/// traces-only.jsonl  traces-only/    what mixed is compared with; tua-only likewise, with tries of its own
/// proposals.jsonl  pairs.jsonl  preference/
/// evaluation-MODEL.jsonl             answers to unseen questions
/// results.json  report.html  stages.jsonl
/// ```
record RunLayout(Path folder) {

    Path config() {
        return folder.resolve("pipeline.yaml");
    }

    Path prompts() {
        return folder.resolve("prompts.json");
    }

    Path training() {
        return folder.resolve("problems-train.jsonl");
    }

    Path unseen() {
        return folder.resolve("problems-unseen.jsonl");
    }

    Path open() {
        return folder.resolve("problems-open.jsonl");
    }

    Path solutions() {
        return folder.resolve("solutions.jsonl");
    }

    Path derivations() {
        return folder.resolve("derivations.jsonl");
    }

    Path proposals() {
        return folder.resolve("proposals.jsonl");
    }

    Path pairs() {
        return folder.resolve("pairs.jsonl");
    }

    /// Rows of a training run.
    Path rows(String run) {
        return folder.resolve(run + ".jsonl");
    }

    Path run(String run) {
        return folder.resolve(run);
    }

    /// Folder of a partition: a round, or `tua-only`.
    Path tries(String part) {
        return folder.resolve(part + "tries.jsonl");
    }

    Path difficulty(String part) {
        return folder.resolve(part + "difficulty.jsonl");
    }

    Path evaluation(String model) {
        return folder.resolve("evaluation-" + model + ".jsonl");
    }

    /// Models of which there are answers: base first, mixed behind what it is compared with.
    List<String> evaluated() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(each -> String.valueOf(each.getFileName()))
                    .filter(name -> name.startsWith("evaluation-") && name.endsWith(".jsonl"))
                    .map(name -> name.substring("evaluation-".length(), name.length() - ".jsonl".length()))
                    .sorted(Comparator.comparingInt(RunLayout::place).thenComparing(name -> name))
                    .toList();
        } catch (IOException e) {
            throw new ConfigException(folder + ": expected the folder of a run: " + e, e);
        }
    }

    private static int place(String model) {
        List<String> first = List.of("base", "knowledge", "traces-only", "tua-only");
        return first.contains(model) ? first.indexOf(model) : first.size();
    }

    Path results() {
        return folder.resolve("results.json");
    }

    Path report() {
        return folder.resolve("report.html");
    }

    /// What the files of a round begin with.
    static String round(int number) {
        return "round-" + number + "/";
    }
}
