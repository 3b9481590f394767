package awl.fuzz;

import awl.tensor.Safetensors;
import com.code_intelligence.jazzer.junit.FuzzTest;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

final class SafetensorsFuzz {

    @FuzzTest
    void everyTensorOrAReason(byte[] bytes) {
        Hostile.read(() -> {
            try (Safetensors file = Safetensors.open(Hostile.file(bytes, "model.safetensors"))) {
                for (String name : file.names()) {
                    try (Tensor tensor = file.read(name, ScalarType.Float)) {
                        tensor.numel();
                    }
                }
            }
        });
    }
}
