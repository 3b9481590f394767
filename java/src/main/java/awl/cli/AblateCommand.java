package awl.cli;

import awl.pipeline.Pipeline;
import awl.pipeline.PipelineConfig;
import awl.pipeline.PipelineConfig.Variant;
import awl.train.StopSignal;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `awl ablate`: the method and its parts on the same questions.
@Command(
        name = "ablate",
        mixinStandardHelpOptions = true,
        description = {
            "As awl run, with every model it can make: base, traces only, knowledge only (WKD), tool use only (TUA) and mixed,",
            "compared in pairs by the bootstrap over questions. A folder of awl run can be gone on with."
        })
final class AblateCommand implements Callable<Integer>, Computing {

    @Mixin
    StageOptions options = new StageOptions();

    @Override
    public Integer call() {
        PipelineConfig run = options.read().evaluating(List.of(Variant.values()));
        StopSignal stop = new StopSignal();
        stop.install();
        return new Pipeline(run, stop, System.out).run(options.threads);
    }
}
