package awl.cli;

import awl.ConfigException;
import awl.model.ModelExport;
import awl.model.OutputFolder;
import awl.model.gguf.GgufModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.global.torch.ScalarType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl convert`: a GGUF file as a Hugging Face folder.
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description = {
            "Turn a GGUF file into a Hugging Face folder: dequantised weights as safetensors, config.json,",
            "generation_config.json, tokenizer and chat template from the file's metadata."
        })
final class ConvertCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "FILE.gguf", description = "GGUF file (architectures llama and qwen2).")
    Path file;

    @Parameters(index = "1", paramLabel = "DIR", description = "Folder to make.")
    Path output;

    @Option(
            names = "--precision",
            defaultValue = "fp32",
            description = "fp32: the dequantised values bit by bit (default); bf16: rounded to nearest, half the size.")
    String precision;

    @Option(names = "--overwrite", description = "Replace the folder if it is there already.")
    boolean overwrite;

    @Override
    public Integer call() {
        ScalarType dtype = ExportCommand.dtype(precision);
        OutputFolder.check(output, overwrite);
        if (Files.isDirectory(file)) {
            throw new ConfigException(file + ": is a folder; expected a .gguf file");
        }
        try (GgufModel model = GgufModel.open(file)) {
            OutputFolder.write(output, overwrite, folder -> ModelExport.write(folder, file, model, null, dtype));
            if (!model.hasTokenizer()) {
                System.err.println("awl: " + file + " has no tokenizer; none was written");
            }
        }
        return 0;
    }
}
