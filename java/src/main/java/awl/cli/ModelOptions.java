package awl.cli;

import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.PeftAdapter;
import awl.model.TensorSource;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
import awl.tensor.LibTorch;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Options of every command that runs a model.
final class ModelOptions {

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR_OR_GGUF",
            description = "A Hugging Face model folder, or a GGUF file.")
    Path model = Path.of("");

    @Option(names = "--adapter", paramLabel = "DIR", description = "A LoRA adapter in PEFT's layout.")
    @Nullable
    Path adapter;

    @Option(
            names = "--precision",
            defaultValue = "fp32",
            description = "fp32 or bf16: of weights and arithmetic. Default: ${DEFAULT-VALUE}.")
    String precision = "fp32";

    @Option(
            names = "--kernels",
            defaultValue = "auto",
            description = "auto, native or reference. Default: ${DEFAULT-VALUE}.")
    String kernels = "auto";

    @Option(
            names = "--device",
            defaultValue = "auto",
            description =
                    "auto (a CUDA device where libtorch sees one), cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}.")
    String device = "auto";

    @Option(
            names = "--dequantize",
            description = "Decode a GGUF file's weights to float32 at the start instead of computing with its blocks"
                    + " in place. The results are the same; it takes more memory and time.")
    boolean dequantize;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: one a core.")
    @Nullable
    Integer threads;

    /// A model ready to compute.
    record Loaded(Decoder decoder, Kernels kernels) implements AutoCloseable {
        @Override
        public void close() {
            decoder.close();
        }
    }

    /// Loads the model and says on stderr what runs where.
    ///
    /// @param rows checked against the vocabulary before the weights are read
    Loaded load(List<PromptRows.Row> rows) {
        return load(rows, adapter);
    }

    /// @param over adapter instead of `--adapter`; null for none
    Loaded load(List<PromptRows.Row> rows, @Nullable Path over) {
        Precision parsed = Precision.parse(precision);
        KernelSelection.Wanted wanted = KernelSelection.Wanted.parse(kernels);
        LibTorch.begin();
        // While libtorch is loaded: all that does not need it.
        TensorSource source = Checkpoint.open(model);
        try {
            source.prefetch();
            KernelSelection.prepare(wanted);
            LibTorch.await();
            if (threads != null) {
                Threads.set(threads);
            }
            int vocabulary = source.config().vocabSize();
            rows.forEach(row -> row.requireVocabulary(vocabulary));
            DeviceChoice where = DeviceChoice.here(device);
            Cuda.use(where.device());
            Kernels chosen =
                    KernelSelection.forThisMachine(wanted, where.device()).open();
            Decoder decoder = Decoder.map(source, parsed, chosen, !dequantize, where.device());
            if (over != null) {
                try {
                    attach(decoder, over);
                } catch (RuntimeException e) {
                    decoder.close();
                    throw e;
                }
            }
            System.err.printf(
                    "awl: %s (%s)%s %s%n",
                    model, source.config().modelType(), over == null ? "" : " with " + over, decoder.computing());
            return new Loaded(decoder, chosen);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private static void attach(Decoder decoder, Path folder) {
        try (PeftAdapter adapter = PeftAdapter.open(folder);
                TensorScope scope = TensorScope.open()) {
            decoder.attach(adapter.weights(), 0, 0);
        }
    }
}
