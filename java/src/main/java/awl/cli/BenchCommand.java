package awl.cli;

import awl.bench.Bench;
import awl.bench.BenchFolder;
import awl.bench.BenchPlan;
import awl.bench.BenchReport;
import awl.bench.KernelCases;
import awl.bench.Shape;
import awl.kernel.HeadOptions;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.model.OutputFolder;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `awl bench`: our kernels beside plain libtorch on this machine.
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Times our kernels beside plain libtorch on this machine: same inputs, interleaved rounds, one process;",
            "with ratios to the bare matrix products, rates beside what the machine reaches, memory above the inputs",
            "and errors against float64. Prints Markdown; --output writes bench.md, bench.json and bench.html, too.",
            "Exit code 1 where ours is further from float64 than allowed, after all that was written.",
            "",
            "  awl bench                                    the loss head of SmolLM2 at 100, 50, 25 and 10 %% learned",
            "  awl bench --preset qwen2.5-0.5b --frozen --output runs/head",
            "  awl bench --kernels all --active 0.25",
            "  awl bench --device cuda --preset llama-3.1-8b --rows 8192 --dtype bf16",
            "  awl bench --rows 2048 --hidden 2048 --vocab 32000 --active 1,0.3 --dtype fp32,bf16",
            ""
        })
final class BenchCommand implements Callable<Integer>, Computing {

    /// What we measured is wrong, which is no mistake of the user's.
    private static final int INEXACT = 1;

    /// As shells count an end by SIGINT.
    private static final int INTERRUPTED = 130;

    @Option(
            names = "--kernels",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "head",
            description = "What to measure: head, norm, gated, attention, linear, product and further ones the error"
                    + " message lists, or all. Default: ${DEFAULT-VALUE}.")
    List<String> kernels = List.of();

    @Option(
            names = "--preset",
            paramLabel = "MODEL",
            defaultValue = "smollm2",
            description = "Sizes of a model's layers: smollm2, qwen2.5-0.5b, llama-3.1-8b, gemma-2-2b, qwen2.5-7b."
                    + " Default: ${DEFAULT-VALUE}. The next five replace single ones.")
    String preset;

    @Option(names = "--rows", paramLabel = "N", description = "Tokens of a micro-batch. Default: 1024.")
    @Nullable
    Integer rows;

    @Option(names = "--hidden", paramLabel = "D", description = "Width of the hidden states.")
    @Nullable
    Integer hidden;

    @Option(names = "--vocab", paramLabel = "V", description = "Classes of the head.")
    @Nullable
    Integer vocabulary;

    @Option(names = "--intermediate", paramLabel = "F", description = "Width of the feed-forward layer.")
    @Nullable
    Integer intermediate;

    @Option(names = "--heads", paramLabel = "H-K-E", description = "Query heads, key/value heads, width: 9-3-64.")
    @Nullable
    String heads;

    @Option(
            names = "--active",
            split = ",",
            paramLabel = "SHARE",
            defaultValue = "1,0.5,0.25,0.1",
            description = "Shares of the rows that are learned, for the head. Default: ${DEFAULT-VALUE}.")
    List<Double> active = List.of();

    @Option(names = "--frozen", description = "No gradient of the head's weight, as under LoRA.")
    boolean frozen;

    @Option(
            names = "--dtype",
            split = ",",
            defaultValue = "fp32",
            description = "How inputs are stored: fp32, bf16. Default: ${DEFAULT-VALUE}.")
    List<String> dtypes = List.of();

    @Option(
            names = "--budget",
            paramLabel = "MIB",
            description = "Most memory of our head's logits. Default: the engine's.")
    @Nullable
    Integer budgetMib;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "What computes: auto, cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}.")
    String device = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Of ours and of libtorch. Default: all cores.")
    @Nullable
    Integer threads;

    @Option(names = "--rounds", defaultValue = "5", description = "Measured rounds. Default: ${DEFAULT-VALUE}.")
    int rounds;

    @Option(
            names = "--reference",
            description = "Where our kernels were not built natively, measure the libtorch reference against libtorch.")
    boolean reference;

    @Option(names = "--output", paramLabel = "DIR", description = "Folder to write the three files into.")
    @Nullable
    Path output;

    @Option(names = "--overwrite", description = "Replace that folder if it is there already.")
    boolean overwrite;

    @Spec
    @Nullable
    CommandSpec spec;

    @Override
    public Integer call() {
        BenchPlan plan = plan();
        if (output != null) {
            OutputFolder.check(output, overwrite);
        }
        Bench.requireFits(plan, Bench.freeBytes(plan.device()));
        KernelSelection selection = KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO, plan.device());
        return measure(plan, Bench.kernels(selection, reference), selection.toString());
    }

    /// Measures and writes the report; what is inexact is our failure.
    ///
    /// @return exit code
    int measure(BenchPlan plan, Kernels ours, String chosen) {
        CommandSpec here = Objects.requireNonNull(spec);
        PrintWriter out = here.commandLine().getOut();
        String command =
                "awl " + String.join(" ", here.commandLine().getParseResult().originalArgs());
        BenchReport report = run(plan, ours, command, chosen);
        out.print(BenchFolder.markdown(report));
        out.flush();
        if (output != null) {
            BenchFolder.write(report, output, overwrite);
            System.err.println("written: " + output.resolve("bench.html"));
        }
        if (report.inexact().isEmpty()) {
            return 0;
        }
        System.err.println("awl: ours is further from float64 than allowed: "
                + report.inexact().stream()
                        .map(each -> each.fullLabel() + " " + each.ours().tooFar())
                        .collect(Collectors.joining("; ")));
        return INEXACT;
    }

    /// Interrupted, the process ends at once: an orderly end would take libtorch apart under the thread that computes.
    private static BenchReport run(BenchPlan plan, Kernels ours, String command, String chosen) {
        Thread interrupted = new Thread(() -> Runtime.getRuntime().halt(INTERRUPTED));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            return Bench.run(plan, ours, command, chosen, System.err::println);
        } finally {
            Runtime.getRuntime().removeShutdownHook(interrupted);
        }
    }

    BenchPlan plan() {
        DeviceHandle on = DeviceChoice.here(device).device();
        Cuda.use(on);
        Shape shape = Shape.preset(preset)
                .with(rows, hidden, intermediate, vocabulary)
                .withHeads(heads);
        return new BenchPlan(
                shape,
                kernels.contains("all") ? KernelCases.names(on) : kernels,
                active,
                frozen,
                dtypes.stream().map(Precision::parse).toList(),
                on,
                threads == null ? Runtime.getRuntime().availableProcessors() : threads,
                rounds,
                budgetMib == null ? HeadOptions.standard(on).budgetBytes() : (long) budgetMib << 20);
    }
}
