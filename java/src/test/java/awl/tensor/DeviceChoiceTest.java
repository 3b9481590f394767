package awl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.tensor.DeviceChoice.Facts;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class DeviceChoiceTest {

    private static final Facts TWO = new Facts(true, true, 2);

    @Test
    void autoTakesADeviceWhereThereIsOneAndSaysWhyNot() {
        assertThat(DeviceChoice.choose("auto", TWO)).hasToString("cuda:0 (auto: 2 CUDA device(s))");
        assertThat(DeviceChoice.choose("auto", new Facts(false, false, 0)))
                .hasToString("cpu (auto: there is no NVIDIA driver, and this is the CPU build of libtorch)");
        assertThat(DeviceChoice.choose("auto", new Facts(false, true, 0)).reason())
                .contains("an NVIDIA driver is there", "./mvnw -Pcuda");
        assertThat(DeviceChoice.choose("auto", new Facts(true, false, 0)).reason())
                .contains("no NVIDIA driver");
        assertThat(DeviceChoice.choose("auto", new Facts(true, true, 0)).reason())
                .contains("CUDA_VISIBLE_DEVICES");
    }

    @Test
    void aNamedDeviceIsObeyedOrFailsWithWhatIsMissing() {
        assertThat(DeviceChoice.choose("cpu", TWO).device()).isEqualTo(DeviceHandle.CPU);
        assertThat(DeviceChoice.choose("cuda", TWO).device()).isEqualTo(DeviceHandle.cuda(0));
        assertThat(DeviceChoice.choose("cuda:1", TWO)).hasToString("cuda:1 (asked for)");
        assertThatThrownBy(() -> DeviceChoice.choose("cuda:2", TWO))
                .isInstanceOf(ConfigException.class)
                .hasMessage("device: cuda:2 was asked for, but there are 2: cuda:0 to cuda:1");
        assertThatThrownBy(() -> DeviceChoice.choose("cuda", new Facts(false, false, 0)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("this is the CPU build of libtorch; or ask for auto or cpu");
        for (String wrong : new String[] {"gpu", "cuda:", "cuda:x", "cuda:123", "", "CPU"}) {
            assertThatThrownBy(() -> DeviceChoice.choose(wrong, TWO))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("device: expected auto, cpu, cuda or cuda:N, found '" + wrong + "'");
        }
    }

    @Test
    void tensorsAreMadeWhereTheyAreWanted() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor there = Tensors.indices(DeviceHandle.META, 3, 1, 2);
            assertThat(DeviceHandle.of(there)).isEqualTo(DeviceHandle.META).hasToString("meta");
            assertThat(Tensors.dtype(there)).isEqualTo(ScalarType.Long);
            assertThat(DeviceHandle.of(Tensors.like(there, 4, 5))).isEqualTo(DeviceHandle.META);
            Tensor host = Tensors.floats(DeviceHandle.CPU, 1, 2);
            assertThat(DeviceHandle.of(host)).isEqualTo(DeviceHandle.CPU).hasToString("cpu");
            assertThat(DeviceHandle.CPU.move(host)).isSameAs(host);
            Tensor narrow = DeviceHandle.META.move(host, ScalarType.BFloat16);
            assertThat(Tensors.dtype(narrow)).isEqualTo(ScalarType.BFloat16);
            assertThat(Shapes.of(Tensors.zerosBeside(narrow, ScalarType.Float, 7)))
                    .containsExactly(7);
        }
    }

    @Test
    void cudaIsAskedNothingWhereThereIsNone() {
        assertThat(Cuda.peakBytes(DeviceHandle.CPU)).isZero();
        Cuda.resetPeak(DeviceHandle.CPU);
        Cuda.use(DeviceHandle.CPU);
        if (!Cuda.isAvailable()) {
            assertThat(Cuda.currentStream()).isZero();
        }
    }
}
