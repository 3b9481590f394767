package awl.pipeline;

import java.nio.file.Path;

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
