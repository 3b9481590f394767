package awl.cli;

import awl.pipeline.Quickstart;
import awl.pipeline.QuickstartPlan;
import awl.tensor.LibTorch;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl quickstart`: the method on a tiny model made here.
@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        description = {
            "The whole method on a tiny model made here from random weights: it learns the format of calls and answers on"
                    + " scripted conversations, solves questions with tools, learns its own solutions without them, finds"
                    + " out which questions it then knows, and learns to answer these directly and to call a tool for the"
                    + " others. A table and an HTML report show it before and after, beside a model trained on traces only.",
            "Everything goes into the output folder; started again, it goes on with the first stage that is not done.",
            "Its models are Hugging Face folders: every other command works on them."
        })
final class QuickstartCommand implements Callable<Integer> {

    @Option(
            names = "--output",
            defaultValue = "runs/quickstart",
            paramLabel = "DIR",
            description = "Run folder. Default: ${DEFAULT-VALUE}.")
    Path output = Path.of("runs/quickstart");

    @Option(names = "--seed", defaultValue = "1", description = "Of everything random. Default: ${DEFAULT-VALUE}.")
    long seed;

    @Option(names = "--brief", description = "Four kinds of questions instead of thirteen: about two minutes.")
    boolean brief;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description =
                    "Threads that compute. Default: two where there are two cores; more do not help a model this small.")
    @Nullable
    Integer threads;

    @Override
    public Integer call() {
        LibTorch.begin();
        StopSignal stop = new StopSignal();
        stop.install();
        QuickstartPlan plan = brief ? QuickstartPlan.brief(seed) : QuickstartPlan.standard(seed);
        return new Quickstart(plan, output, stop, System.out)
                .run(threads == null ? Math.min(2, Runtime.getRuntime().availableProcessors()) : threads);
    }
}
