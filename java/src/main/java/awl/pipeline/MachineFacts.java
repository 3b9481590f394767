package awl.pipeline;

import awl.tensor.HostMemory;
import awl.train.Machine;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// The machine of a run as people read it, for a report.
final class MachineFacts {

    private MachineFacts() {}

    static Map<String, String> read() {
        Map<String, String> machine = new LinkedHashMap<>();
        Machine.describe().forEach((name, value) -> machine.put(name, String.valueOf(value)));
        machine.computeIfPresent(
                "memory",
                (name, bytes) -> String.format(Locale.ROOT, "%.1f GiB", Double.parseDouble(bytes) / (1 << 30)));
        machine.put("peak memory of this process", (HostMemory.peakBytes() >> 20) + " MiB");
        return machine;
    }
}
