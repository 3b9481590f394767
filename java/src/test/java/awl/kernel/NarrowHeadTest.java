package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
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
            HeadOracle truth = HeadOracle.of(c, in, ScalarType.Double);
            HeadOracle plain = HeadOracle.of(c, in, c.dtype());
            Tensor dHead = torch.zeros(new long[] {c.v(), c.d()});
            Tensor dBias = in.bias_V() == null ? null : torch.zeros(new long[] {c.v()});
            HeadOptions options = HeadOptions.standard()
                    .withSoftCap(c.softCap())
                    .withBias(in.bias_V(), dBias)
                    .withPlan(c.plan());
            HeadLoss loss = new TorchKernels(new TorchRowPasses(), true)
                    .linearCrossEntropy(
                            in.hidden_ND(),
                            in.weight_VD(),
                            in.target_N(),
                            in.weights_N(),
                            in.activeRows_A(),
                            dHead,
                            options);
            near(loss.lossSum(), plain.lossSum(), truth.lossSum(), 3, 1e-5);
            near(loss.logProb_A(), plain.logProb_A(), truth.logProb_A(), 3, 1e-5);
            near(loss.hiddenGradient_ND(), plain.dHidden_ND(), truth.dHidden_ND(), 2, 1e-4);
            near(dHead, plain.dHead_VD(), truth.dHead_VD(), 2, 1e-4);
        }
    }

    private static void near(Tensor got, Tensor plain, Tensor truth, double factor, double slack) {
        double scale = Math.max(1e-30, truth.abs().max().item_double());
        double allowed = factor * worst(plain, truth) + slack * scale;
        assertThat(worst(got, truth)).isLessThanOrEqualTo(allowed);
    }

    private static double worst(Tensor a, Tensor b) {
        return a.numel() == 0
                ? 0
                : a.to(ScalarType.Double)
                        .sub(b.to(ScalarType.Double))
                        .abs()
                        .max()
                        .item_double();
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
