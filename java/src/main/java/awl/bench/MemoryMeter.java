package awl.bench;

import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.HostMemory;

/// Most memory held since it was started, above what was held then: resident memory of the process, or on a device
/// what tensors take, as libtorch's allocator counts it.
final class MemoryMeter {

    private static final double MIB = 1 << 20;

    private final DeviceHandle device;
    private final double beforeMib;

    private MemoryMeter(DeviceHandle device, double beforeMib) {
        this.device = device;
        this.beforeMib = beforeMib;
    }

    static MemoryMeter start(DeviceHandle device) {
        if (device.isCuda()) {
            Cuda.resetPeak(device);
            return new MemoryMeter(device, Cuda.allocatedBytes(device) / MIB);
        }
        HostMemory.trim();
        boolean counted = HostMemory.resetPeak();
        return new MemoryMeter(device, counted ? HostMemory.residentMib() : Double.NaN);
    }

    /// Mebibytes; NaN where the system does not say.
    double aboveMib() {
        return (device.isCuda() ? Cuda.peakBytes(device) / MIB : HostMemory.peakMib()) - beforeMib;
    }
}
