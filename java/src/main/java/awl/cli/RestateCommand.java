package awl.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl restate`: solutions told without tools.
@Command(
        name = "restate",
        mixinStandardHelpOptions = true,
        description = {
            "Tell solutions without tools: by the model from question and trace, by the derivations that came with the questions,",
            "or by the last turns of the traces (solve.restate). Only right ones that mention no tool go on.",
            "Started again, it goes on behind the last whole line."
        })
final class RestateCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Option(names = "--problems", required = true, paramLabel = "FILE", description = "Questions with answers.")
    Path problems = Path.of("");

    @Option(names = "--solutions", required = true, paramLabel = "FILE", description = "What awl solve wrote.")
    Path solutions = Path.of("");

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "Solutions without tools (JSON lines).")
    Path output = Path.of("");

    @Override
    public Integer call() {
        return options.stages().restate(problems, solutions, output);
    }
}
