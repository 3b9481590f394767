package awl.cli;

import awl.pipeline.Stages;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `awl report`: the report of a run, from what is in its folder.
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = {
            "Write results.json and report.html of a run folder (output in the configuration) from the answers in it, and",
            "print the table."
        })
final class ReportCommand implements Callable<Integer> {

    @Mixin
    StageOptions options = new StageOptions();

    @Override
    public Integer call() {
        Stages.report(options.read(), System.out);
        return 0;
    }
}
