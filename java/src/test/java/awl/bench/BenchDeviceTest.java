package awl.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.kernel.HeadOptions;
import awl.kernel.TorchKernels;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `awl bench --device`: that cases compute where they are asked to. On libtorch's `meta` device, which has no numbers,
/// whatever is made in host memory or read back fails.
final class BenchDeviceTest {

    private static final Shape TINY =
            Shape.preset("smollm2").with(70, 12, 20, 331).withHeads("4-2-8");

    private static BenchPlan plan(DeviceHandle device, List<String> kernels) {
        return new BenchPlan(
                TINY,
                kernels,
                List.of(1.0),
                false,
                List.of(Precision.FP32, Precision.BF16),
                device,
                1,
                1,
                HeadOptions.DEFAULT_BUDGET_BYTES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"head", "norm", "rope", "gated", "product", "embedding"})
    void inputsAndResultsAreOnTheDevice(String kernel) {
        for (KernelCase each : KernelCases.of(plan(DeviceHandle.META, List.of(kernel)))) {
            try (TensorScope _ = TensorScope.open()) {
                KernelCase.Prepared prepared = each.prepare(new TorchKernels());
                for (Contender contender : prepared.contenders()) {
                    contender
                            .step()
                            .get()
                            .values()
                            .forEach(result -> assertThat(DeviceHandle.of(result))
                                    .as("%s, %s", each.fullLabel(), contender.name())
                                    .isEqualTo(DeviceHandle.META));
                }
                prepared.truth()
                        .values()
                        .forEach(exact -> assertThat(DeviceHandle.of(exact))
                                .as(each.fullLabel())
                                .isEqualTo(DeviceHandle.META));
            }
        }
    }

    @Test
    void kernelsThatADeviceDoesNotHaveAreLeftOutOrRefused() {
        DeviceHandle device = DeviceHandle.cuda(0);
        assertThat(KernelCases.names(device))
                .doesNotContain("attention", "linear")
                .contains("head", "adamw");
        assertThat(KernelCases.names(DeviceHandle.CPU)).isEqualTo(KernelCases.names());
        assertThatThrownBy(() -> plan(device, List.of("attention")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no kernel 'attention' for cuda:0; there are head, norm");
    }

    @Test
    void everyDeviceGetsTheNumbersOfHostMemory() {
        try (TensorScope _ = TensorScope.open()) {
            torch.manual_seed(3);
            Tensor here = new BenchInputs(DeviceHandle.CPU).normal(Precision.BF16, 5, 7);
            torch.manual_seed(3);
            assertThat(here.equal(torch.randn(5, 7).to(ScalarType.BFloat16))).isTrue();
            assertThat(new BenchInputs(DeviceHandle.META)
                            .normal(Precision.BF16, 5, 7)
                            .size(1))
                    .isEqualTo(7);
        }
    }

    @Test
    void hostMemoryIsWaitedForByNobody() {
        Cuda.await(DeviceHandle.CPU);
        assertThat(Cuda.allocatedBytes(DeviceHandle.CPU)).isZero();
        assertThat(MemoryMeter.start(DeviceHandle.CPU).aboveMib()).isNotNegative();
    }
}
