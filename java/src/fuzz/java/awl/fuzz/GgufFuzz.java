package awl.fuzz;

import awl.model.gguf.GgufModel;
import com.code_intelligence.jazzer.junit.FuzzTest;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

final class GgufFuzz {

    @FuzzTest
    void everyTensorAndTheTokenizerOrAReason(byte[] bytes) {
        Hostile.read(() -> {
            try (GgufModel model = GgufModel.open(Hostile.file(bytes, "model.gguf"))) {
                for (String name : model.names()) {
                    try (Tensor tensor = model.read(name, ScalarType.Float)) {
                        tensor.numel();
                    }
                }
                if (model.hasTokenizer()) {
                    model.tokenizer().tokenizerJson();
                }
            }
        });
    }
}
