package awl.parallel;

import awl.ConfigException;
import awl.NativeException;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.LibTorch;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;

/// c10d's NCCL: memory of CUDA devices, over NVLink and the network. An exchange runs on a stream of its
/// own, which waits for what the current stream has computed; [org.bytedeco.pytorch.Work#_wait] makes the
/// current stream wait for it.
///
/// Its classes need NVIDIA's driver as soon as they are loaded, so nothing is touched before libtorch sees
/// a device.
final class NcclGroup {

    private NcclGroup() {}

    /// Meets the other ranks' devices.
    ///
    /// @param store of this group alone
    /// @param device this rank's own
    static Backend open(Store store, Launch launch, DeviceHandle device, World.Limits limits) {
        if (!Cuda.isAvailable()) {
            throw new ConfigException("train.backend: nccl needs a CUDA device, and libtorch sees none (awl doctor)");
        }
        // A failed exchange is to be an error of ours where it is waited for; c10d would else end the process from a
        // thread of its own.
        LibTorch.setEnvironment("TORCH_NCCL_BLOCKING_WAIT", "1");
        Cuda.use(device);
        try {
            return Bound.connect(store, launch, device, limits);
        } catch (LinkageError e) {
            throw new NativeException(
                    "train.backend: libtorch's NCCL half cannot be loaded (%s); build with ./mvnw -Pcuda and put NVIDIA's NCCL on LD_LIBRARY_PATH"
                            .formatted(e),
                    e);
        }
    }

    /// Loaded when first used, which is never without a device.
    private static final class Bound {

        static Backend connect(Store store, Launch launch, DeviceHandle device, World.Limits limits) {
            ProcessGroupNCCL.Options options = Rendezvous.keep(ProcessGroupNCCL.Options.create());
            options.timeout(new Milliseconds(limits.operation().toMillis()));
            ProcessGroupNCCL group = new ProcessGroupNCCL(store, launch.rank(), launch.size(), options);
            group.eagerConnectSingleDevice(Rendezvous.keep(new Device(device.toString())));
            return group;
        }
    }
}
