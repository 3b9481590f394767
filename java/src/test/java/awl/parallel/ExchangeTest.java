package awl.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.LibTorch;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Store;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Which device a rank takes and what carries its tensors, and what is refused.
final class ExchangeTest {

    private static final DeviceChoice.Facts NONE = new DeviceChoice.Facts(false, false, 0);
    private static final DeviceChoice.Facts FOUR = new DeviceChoice.Facts(true, true, 4);
    private static final DeviceChoice HOST = new DeviceChoice(DeviceHandle.CPU, "asked for");
    private static final DeviceChoice DEVICE = new DeviceChoice(DeviceHandle.cuda(1), "asked for");

    private static Launch rank(int local) {
        return new Launch(local, 8, local, 8, "127.0.0.1", 29500, false, "0", "a test");
    }

    @Test
    void everyRankTakesTheDeviceOfItsNumber() {
        DeviceChoice third = Exchange.place("auto", rank(2), FOUR);
        assertThat(third.device()).isEqualTo(DeviceHandle.cuda(2));
        assertThat(third).hasToString("cuda:2 (auto: local rank 2 of 4 CUDA device(s))");
        assertThat(Exchange.place("cuda", rank(3), FOUR).device()).isEqualTo(DeviceHandle.cuda(3));
        assertThat(Exchange.place("cpu", rank(3), FOUR).device()).isEqualTo(DeviceHandle.CPU);
        assertThat(Exchange.place("auto", rank(3), NONE).device()).isEqualTo(DeviceHandle.CPU);
    }

    /// As under Slurm with a device bound to each task.
    @Test
    void aRankThatSeesOneDeviceTakesIt() {
        DeviceChoice.Facts one = new DeviceChoice.Facts(true, true, 1);
        assertThat(Exchange.place("auto", rank(5), one).device()).isEqualTo(DeviceHandle.cuda(0));
    }

    @Test
    void devicesThatDoNotSufficeAreRefused() {
        assertThatThrownBy(() -> Exchange.place("auto", rank(4), FOUR))
                .isInstanceOf(ConfigException.class)
                .hasMessage("model.device: local rank 4 finds 4 CUDA devices on its machine;"
                        + " start one rank a device at most, or ask for model.device: cpu");
        assertThatThrownBy(() -> Exchange.place("cuda:1", rank(0), FOUR))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("cuda:1 names one device, but there are 8 ranks and each takes its own");
        assertThatThrownBy(() -> Exchange.place("cuda", rank(0), NONE))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("cuda was asked for, but there is no NVIDIA driver");
    }

    @Test
    void ncclIsChosenForDevicesAndGlooForTheHost() {
        assertThat(Exchange.choose("auto", HOST)).hasToString("gloo (auto: ranks compute on the CPU)");
        assertThat(Exchange.choose("auto", DEVICE)).hasToString("nccl (auto: ranks compute on CUDA devices)");
        assertThat(Exchange.choose("nccl", DEVICE).kind()).isEqualTo(Exchange.Kind.NCCL);
        assertThat(Exchange.choose("gloo", HOST)).hasToString("gloo (asked for)");
    }

    @Test
    void whatCannotCarryTheTensorsIsRefused() {
        assertThatThrownBy(() -> Exchange.choose("nccl", HOST))
                .isInstanceOf(ConfigException.class)
                .hasMessage("train.backend: nccl was asked for, which carries CUDA memory alone, but the ranks compute"
                        + " on cpu (asked for); ask for auto or gloo, or for model.device: cuda");
        assertThatThrownBy(() -> Exchange.choose("gloo", DEVICE))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("train.backend: gloo was asked for, which carries host memory alone,");
        assertThatThrownBy(() -> Exchange.choose("mpi", HOST))
                .isInstanceOf(ConfigException.class)
                .hasMessage("train.backend: expected auto, gloo or nccl, found 'mpi'");
    }

    /// A guard below the choice: NCCL's classes are not even loaded where libtorch sees no device.
    @Test
    void ncclIsNotTouchedWithoutADevice() {
        LibTorch.await();
        Assumptions.assumeFalse(Cuda.isAvailable(), "there is a CUDA device");
        Store none = new Store((Pointer) null);
        assertThatThrownBy(() -> NcclGroup.open(none, rank(0), DeviceHandle.cuda(0), World.Limits.STANDARD))
                .isInstanceOf(ConfigException.class)
                .hasMessage("train.backend: nccl needs a CUDA device, and libtorch sees none (awl doctor)");
    }
}
