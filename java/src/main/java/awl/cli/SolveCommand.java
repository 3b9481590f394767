package awl.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl solve`: solutions with tools.
@Command(
        name = "solve",
        mixinStandardHelpOptions = true,
        description = {
            "Answer questions under P_f: episodes of the model with its tools, the scripts that came with the questions, or both",
            "(solve.by). Lines keep token ids, weights and log-probabilities as sampled, and whether the answer is right.",
            "Started again, it goes on behind the last whole line."
        })
final class SolveCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Option(names = "--problems", required = true, paramLabel = "FILE", description = "Questions with answers.")
    Path problems = Path.of("");

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "Episodes (JSON lines), right and wrong ones.")
    Path output = Path.of("");

    @Option(names = "--by", description = "model, script or both, instead of solve.by.")
    @Nullable
    String by;

    @Override
    public Integer call() {
        return (by == null ? options.stages() : options.stages("solve.by=" + by)).solve(problems, output);
    }
}
