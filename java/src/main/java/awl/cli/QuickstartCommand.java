package awl.cli;

import awl.pipeline.Quickstart;
import awl.pipeline.QuickstartPlan;
import awl.tensor.LibTorch;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl quickstart`: the method on a tiny model made here.
@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        description = {
            "Makes a tiny model from random weights, teaches it the format of calls and answers on scripted"
                    + " conversations, and shows what it can do before and after.",
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
            defaultValue = "1",
            paramLabel = "N",
            description = "Threads that compute; for a model this small one is as fast as several. Default: 1.")
    int threads;

    @Override
    public Integer call() {
        LibTorch.begin();
        StopSignal stop = new StopSignal();
        stop.install();
        QuickstartPlan plan = brief ? QuickstartPlan.brief(seed) : QuickstartPlan.standard(seed);
        return new Quickstart(plan, output, stop, System.out).run(threads);
    }
}
