package awl.cli;

import awl.ConfigException;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.ModelExport;
import awl.model.OutputFolder;
import awl.model.PeftAdapter;
import awl.model.PeftWriter;
import awl.model.TensorSource;
import awl.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl export`: a model with its adapter merged, as a Hugging Face folder.
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = {
            "Write a model as a Hugging Face folder, with an adapter merged into its weights:",
            "safetensors, configuration, tokenizer and chat template, which transformers loads.",
            "With --adapter-only, the adapter alone, in PEFT's layout."
        })
final class ExportCommand implements Callable<Integer> {

    @Option(names = "--model", required = true, description = "Hugging Face folder, or a GGUF file.")
    Path model;

    @Option(names = "--adapter", description = "PEFT folder to merge: weight + scaling * B A.")
    @Nullable
    Path adapter;

    @Option(names = "--output", required = true, description = "Folder to make.")
    Path output;

    @Option(
            names = "--precision",
            description = "fp32 or bf16: number format of the weights written (as the model is stored, by default).")
    @Nullable
    String precision;

    @Option(names = "--adapter-only", description = "Write the adapter, checked against the model, and no model.")
    boolean adapterOnly;

    @Option(names = "--overwrite", description = "Replace the folder if it is there already.")
    boolean overwrite;

    @Override
    public Integer call() throws IOException {
        OutputFolder.check(output, overwrite);
        refuseSame(model, output);
        if (adapter != null) {
            refuseSame(adapter, output);
        }
        ScalarType named = precision == null ? null : dtype(precision);
        try (TensorSource source = Checkpoint.open(model);
                PeftAdapter lora = adapter == null ? null : PeftAdapter.open(adapter)) {
            if (adapterOnly) {
                writeAdapter(source, lora);
                return 0;
            }
            ScalarType dtype = named == null ? ModelExport.storedType(source.config()) : named;
            OutputFolder.write(output, overwrite, folder -> ModelExport.write(folder, model, source, lora, dtype));
        }
        return 0;
    }

    private void writeAdapter(TensorSource source, @Nullable PeftAdapter lora) {
        if (lora == null) {
            throw new ConfigException("--adapter-only: say which with --adapter DIR");
        }
        try (Decoder decoder = Decoder.load(source, Precision.FP32)) {
            decoder.attach(lora.weights(), lora.config().dropout(), 0);
            String base = lora.baseModel() == null ? model.toString() : lora.baseModel();
            OutputFolder.write(output, overwrite, folder -> PeftWriter.write(folder, lora.config(), decoder, base));
        }
    }

    /// The weights being read would be replaced while they are read.
    static void refuseSame(Path input, Path output) throws IOException {
        if (Files.exists(output) && Files.exists(input) && Files.isSameFile(input, output)) {
            throw new ConfigException("--output " + output + ": is what is read from; name another folder");
        }
    }

    static ScalarType dtype(String precision) {
        return switch (precision) {
            case "fp32" -> ScalarType.Float;
            case "bf16" -> ScalarType.BFloat16;
            default -> throw new ConfigException("--precision: expected fp32 or bf16, found '" + precision + "'");
        };
    }
}
