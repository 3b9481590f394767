package awl.train;

import awl.kernel.Kernels;
import awl.tensor.DeviceChoice;
import awl.tensor.Threads;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// What a run was computed by, for `environment.json` of its folder: nothing that was chosen for this machine is
/// silent.
public final class Environment {

    private Environment() {}

    /// Versions, hardware, and what was chosen here.
    public static Map<String, Object> of(DeviceChoice device, Kernels kernels) {
        Map<String, Object> facts = new LinkedHashMap<>(Machine.describe());
        facts.put("libtorch", String.valueOf(Tensor.class.getPackage().getImplementationVersion()));
        facts.put("device", device.device().toString());
        facts.put("device_reason", device.reason());
        facts.put("threads", Threads.count());
        facts.put("kernels", kernels.name());
        facts.put("started", java.time.Instant.now().toString());
        return facts;
    }

    /// The same of a run that also generates.
    ///
    /// @param precision of weights and arithmetic
    public static Map<String, Object> generating(DeviceChoice device, Kernels kernels, String precision) {
        Map<String, Object> facts = of(device, kernels);
        facts.put("precision", precision);
        facts.put("sampler", kernels.sampler(device.device()));
        return facts;
    }
}
