package awl.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl evaluate`: a model on unseen questions.
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = {
            "Answer unseen questions greedily under P_n, P_i and P_f and print what was reached. A call under P_n is refused and",
            "graded wrong.",
            "Started again, it goes on behind the last whole line."
        })
final class EvaluateCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Option(names = "--problems", required = true, paramLabel = "FILE", description = "Questions with answers.")
    Path problems = Path.of("");

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Answers (JSON lines).")
    Path output = Path.of("");

    @Override
    public Integer call() {
        return options.stages().evaluate(problems, output);
    }
}
