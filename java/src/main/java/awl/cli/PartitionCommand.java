package awl.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `awl partition`: easy or hard.
@Command(
        name = "partition",
        mixinStandardHelpOptions = true,
        description = {
            "Try every question k times under P_n: easy where the share of right tries reaches tau. A question whose Wilson interval",
            "holds tau is tried again, up to partition.max_samples.",
            "Started again, it goes on behind the last whole line."
        })
final class PartitionCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Option(names = "--problems", required = true, paramLabel = "FILE", description = "Questions with answers.")
    Path problems = Path.of("");

    @Option(names = "--tries", required = true, paramLabel = "FILE", description = "All tries (JSON lines); grows.")
    Path tries = Path.of("");

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "Lines {id, right, asked, low, high, easy}.")
    Path output = Path.of("");

    @Override
    public Integer call() {
        return options.stages().partition(problems, tries, output);
    }
}
