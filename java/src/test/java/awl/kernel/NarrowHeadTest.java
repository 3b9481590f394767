package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The loss head as it computes on a device, in host memory: bfloat16 operands, float32 logits, their gradient rounded
/// once; as exact as plain libtorch in bfloat16.
class NarrowHeadTest {

    static Stream<HeadCase> cases() {
        return HeadCase.all().stream().filter(each -> each.dtype() == ScalarType.BFloat16);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void itIsAsExactAsPlainLibtorch(HeadCase c) {
        try (PointerScope scope = new PointerScope()) {
            HeadCase.Inputs in = c.inputs();
            HeadRun.of(new TorchKernels(new TorchRowPasses(), true), c, in).requireAsExactAsPlain(c, in);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Float, Float, Float, Float",
        "Double, Double, Double, Double",
        "BFloat16, BFloat16, Float, BFloat16",
        "BFloat16, BFloat16, BFloat16, BFloat16",
        "BFloat16, Float, Float, BFloat16",
        "Float, Float, BFloat16, BFloat16"
    })
    void aDeviceMultipliesInOneDtype(ScalarType left, ScalarType right, ScalarType out, ScalarType operands) {
        assertThat(CudaProduct.operands(left, right, out)).isEqualTo(operands);
    }
}
