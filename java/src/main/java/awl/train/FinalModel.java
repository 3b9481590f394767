package awl.train;

import awl.model.Decoder;
import awl.model.LoraConfig;
import awl.model.ModelExport;
import awl.model.OutputFolder;
import awl.model.PeftWriter;
import java.nio.file.Path;

/// What a finished run leaves behind: `model/`, a Hugging Face folder, after full fine-tuning; `adapter/`, a
/// PEFT folder, after LoRA.
final class FinalModel {

    private FinalModel() {}

    /// @param run the run folder
    /// @return the folder written
    static Path write(Path run, TrainConfig config, Decoder model) {
        TrainConfig.Lora lora = config.lora();
        Path base = Path.of(config.model().path());
        if (lora != null) {
            Path adapter = run.resolve("adapter");
            OutputFolder.write(adapter, true, folder -> PeftWriter.write(folder, lora(lora), model, base.toString()));
            return adapter;
        }
        Path full = run.resolve("model");
        OutputFolder.write(full, true, folder -> ModelExport.write(folder, base, model));
        return full;
    }

    static LoraConfig lora(TrainConfig.Lora lora) {
        return new LoraConfig(lora.rank(), lora.alpha(), lora.targets(), lora.dropout(), lora.rslora());
    }
}
