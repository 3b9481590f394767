package awl.cli;

import awl.pipeline.Pipeline;
import awl.pipeline.PipelineConfig;
import awl.pipeline.PipelineConfigFile;
import awl.pipeline.Quickstart;
import awl.pipeline.QuickstartPlan;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.List;
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
            "With --model the same on a pretrained model and the generated science sets: what awl run does with the shipped"
                    + " smollm2.yaml, without GSM8K and with a round of preferences. On two cores an hour for 135 million"
                    + " parameters; --brief asks fewer questions.",
            "Everything goes into the output folder; started again, it goes on with the first stage that is not done.",
            "Its models are Hugging Face folders: every other command works on them."
        })
final class QuickstartCommand implements Callable<Integer>, Computing {

    @Option(
            names = "--model",
            paramLabel = "DIR_OR_GGUF",
            description = "A pretrained model with a chat template, instead of the tiny one.")
    @Nullable
    Path model;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Run folder. Default: runs/quickstart, with --model runs/quickstart-NAME.")
    @Nullable
    Path output;

    @Option(names = "--seed", defaultValue = "1", description = "Of everything random. Default: ${DEFAULT-VALUE}.")
    long seed;

    @Option(
            names = "--brief",
            description = "Four kinds of questions instead of thirteen: about two minutes. With --model a tenth of the"
                    + " questions.")
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
        StopSignal stop = new StopSignal();
        stop.install();
        if (model != null) {
            return new Pipeline(given(model), stop, System.out).run(threads);
        }
        QuickstartPlan plan = brief ? QuickstartPlan.brief(seed) : QuickstartPlan.standard(seed);
        Path folder = output == null ? Path.of("runs/quickstart") : output;
        return new Quickstart(plan, folder, stop, System.out)
                .run(threads == null ? Math.min(2, Runtime.getRuntime().availableProcessors()) : threads);
    }

    /// The run on a model of the user's: no file but the model is needed.
    private PipelineConfig given(Path model) {
        Path name = model.toAbsolutePath().normalize().getFileName();
        Path folder = output == null ? Path.of("runs/quickstart-" + (name == null ? "model" : name)) : output;
        return PipelineConfigFile.shipped(
                "smollm2.yaml",
                List.of(
                        "model.path=\"" + model + "\"",
                        "output=\"" + folder + "\"",
                        "seed=" + seed,
                        "problems.train_files=[]",
                        "problems.test_files=[]",
                        "problems.train=" + (brief ? 10 : 100),
                        "problems.test=" + (brief ? 3 : 30),
                        "problems.open=" + (brief ? 1 : 8),
                        "preference.proposals=" + (brief ? 2 : 3)));
    }
}
