package awl.cli;

import awl.pipeline.Pipeline;
import awl.pipeline.PipelineConfig;
import awl.train.StopSignal;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `awl run`: the whole method on a given model, as a YAML file says.
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "The whole method: questions, solutions with tools and without, WKD, easy or hard, mixture, evaluation, report.",
            "Every stage appends to a file of the run folder; started again, it goes on behind the last whole line.",
            "awl solve, restate, partition, compose, evaluate, rank and report run single stages on files of your own."
        })
final class RunCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Override
    public Integer call() {
        PipelineConfig run = options.read();
        StopSignal stop = new StopSignal();
        stop.install();
        return new Pipeline(run, stop, System.out).run(options.threads);
    }
}
