package awl.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl rank`: preference pairs from open-ended questions.
@Command(
        name = "rank",
        mixinStandardHelpOptions = true,
        description = {
            "Write several proposals for each open-ended question, rank them by its metric, valid ones first, and make preference",
            "pairs for objective: {type: dpo or ipo}. What tools said is masked on both branches.",
            "Started again, it goes on behind the last whole line."
        })
final class RankCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Option(names = "--problems", required = true, paramLabel = "FILE", description = "Questions with answers.")
    Path problems = Path.of("");

    @Option(
            names = "--proposals",
            required = true,
            paramLabel = "FILE",
            description = "All proposals (JSON lines); grows.")
    Path proposals = Path.of("");

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Preference pairs (JSON lines).")
    Path output = Path.of("");

    @Override
    public Integer call() {
        return options.stages().rank(problems, proposals, output);
    }
}
