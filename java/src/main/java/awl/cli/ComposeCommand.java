package awl.cli;

import awl.pipeline.Stages;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl compose`: training rows.
@Command(
        name = "compose",
        mixinStandardHelpOptions = true,
        description = {
            "Make training rows for awl train: ready tokens with weights and their origin (knowledge, easy, hard) for",
            "objective: {type: mixed}. What was sampled is never tokenized again."
        })
final class ComposeCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Option(
            names = "--rows",
            defaultValue = "mixed",
            description = "knowledge, traces, bootstrap, tua or mixed. Default: ${DEFAULT-VALUE}.")
    Stages.Rows rows = Stages.Rows.MIXED;

    @Option(names = "--problems", required = true, paramLabel = "FILE", description = "Questions with answers.")
    Path problems = Path.of("");

    @Option(names = "--solutions", paramLabel = "FILE", description = "What awl solve wrote.")
    @Nullable
    Path solutions;

    @Option(names = "--derivations", paramLabel = "FILE", description = "What awl restate wrote.")
    @Nullable
    Path derivations;

    @Option(names = "--difficulty", paramLabel = "FILE", description = "What awl partition wrote.")
    @Nullable
    Path difficulty;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Training rows (JSON lines).")
    Path output = Path.of("");

    @Override
    public Integer call() {
        return options.stages().compose(rows, problems, solutions, derivations, difficulty, output);
    }
}
