package awl.cli;

import awl.pipeline.Pipeline;
import awl.pipeline.PipelineConfigFile;
import awl.tensor.LibTorch;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl run`: the whole method on a given model, as a YAML file says.
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "The whole method: questions, solutions with tools and without, WKD, easy or hard, mixture, evaluation, report.",
            "Every stage appends to a file of the run folder; started again, it goes on behind the last whole line.",
            "awl solve, restate, partition, compose, evaluate, rank and report run single stages on files of your own."
        })
final class RunCommand implements Callable<Integer> {

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The run as YAML.")
    Path config = Path.of("");

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a key of the file, for instance --set problems.train=50. May be repeated.")
    List<String> overrides = List.of();

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: one a core.")
    @Nullable
    Integer threads;

    @Override
    public Integer call() {
        var run = PipelineConfigFile.read(config, overrides);
        LibTorch.begin();
        StopSignal stop = new StopSignal();
        stop.install();
        return new Pipeline(run, stop, System.out).run(threads);
    }
}
