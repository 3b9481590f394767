package awl.pipeline;

import awl.Json;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.tensor.DeviceChoice;
import awl.tensor.HostMemory;
import awl.tensor.Threads;
import awl.train.Environment;
import awl.train.Machine;
import awl.train.RunFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/// What a run of several stages is computed by: said at its start, kept in its folder, and shown in its report.
final class MachineFacts {

    private MachineFacts() {}

    /// Writes `environment.json`.
    ///
    /// @param asked for the device: `auto`, `cpu`, `cuda` or `cuda:N`
    /// @param precision of weights and arithmetic
    /// @param notes told what was chosen, and where that is not what the run was begun with
    static void write(RunFolder folder, String asked, String precision, Consumer<String> notes) {
        DeviceChoice device = DeviceChoice.here(asked);
        Kernels kernels = KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO, device.device())
                .open();
        notes.accept("on %s, %s, %d threads, kernels %s, sampling by %s"
                .formatted(device, precision, Threads.count(), kernels.name(), kernels.sampler(device.device())));
        folder.writeEnvironment(Environment.generating(device, kernels, precision), notes);
    }

    /// As people read it.
    ///
    /// @param folder of the run; what it says goes before what this process finds
    static Map<String, String> read(Path folder) {
        Map<String, Object> facts = new LinkedHashMap<>(Machine.describe());
        Path file = folder.resolve(RunFolder.ENVIRONMENT);
        if (Files.exists(file)) {
            try {
                Json.object(Files.readString(file), file.toString())
                        .forEach((name, value) -> facts.put(name, String.valueOf(value)));
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + file, e);
            }
        }
        Map<String, String> machine = new LinkedHashMap<>();
        facts.forEach((name, value) -> machine.put(name, String.valueOf(value)));
        machine.computeIfPresent(
                "memory",
                (name, bytes) -> String.format(Locale.ROOT, "%.1f GiB", Double.parseDouble(bytes) / (1 << 30)));
        machine.put("peak memory of this process", (HostMemory.peakBytes() >> 20) + " MiB");
        return machine;
    }
}
