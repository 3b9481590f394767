package awl.bench;

import awl.ConfigException;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import awl.kernel.TorchKernels;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.HostMemory;
import awl.tensor.Threads;
import awl.train.Machine;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.bytedeco.pytorch.global.torch;

/// Measures a plan: refuses what does not fit before anything is allocated, then the machine, then case after case.
public final class Bench {

    private Bench() {}

    /// The kernels of a selection, without taking threads from libtorch: here both have to run at their best.
    ///
    /// @throws ConfigException where they were not built and the reference was not asked for
    public static Kernels kernels(KernelSelection selection, boolean reference) {
        if (selection.library() != null) {
            return NativeKernels.open(selection.library());
        }
        if (!reference) {
            throw new ConfigException("bench: our kernels are not built natively here (" + selection.reason()
                    + "). Build them with cmake/build-native.sh (it needs CMake and a C++ compiler), or measure the"
                    + " libtorch reference against libtorch with --reference");
        }
        return new TorchKernels();
    }

    /// Memory that a plan may take, of the machine or of a device.
    public static double freeBytes(DeviceHandle device) {
        return device.isCuda() ? Cuda.freeBytes(device) : HostMemory.freeBytes();
    }

    /// Checks that every case fits into memory.
    ///
    /// @param freeBytes there
    /// @throws ConfigException that shows the sum
    public static void requireFits(BenchPlan plan, double freeBytes) {
        KernelCases.of(plan).forEach(each -> each.footprint().requireFits(each.fullLabel(), freeBytes));
    }

    /// Runs it.
    ///
    /// @param command for the record
    /// @param chosen which kernels, and why
    /// @param say told what is going on
    public static BenchReport run(BenchPlan plan, Kernels ours, String command, String chosen, Consumer<String> say) {
        requireFits(plan, freeBytes(plan.device()));
        Threads.set(plan.threads());
        say.accept("what the machine can do");
        Measurement.warmUp();
        MachineRates rates = MachineRates.measure(plan.dtypes(), ours, plan.inputs());
        Map<String, String> facts = facts(plan);
        Measurement measurement = new Measurement(ours, plan.device(), plan.rounds(), say);
        List<CaseResult> results = new ArrayList<>();
        for (KernelCase each : KernelCases.of(plan)) {
            results.add(measurement.run(each));
        }
        return new BenchReport(command, chosen, facts, rates, plan.rounds(), results);
    }

    private static Map<String, String> facts(BenchPlan plan) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put(
                "date",
                ZonedDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'")));
        Machine.describe().forEach((name, value) -> facts.put(name, String.valueOf(value)));
        facts.put("memory", "%,d MiB".formatted(Long.parseLong(facts.getOrDefault("memory", "0")) >> 20));
        facts.put(
                "libtorch", Objects.requireNonNullElse(torch.class.getPackage().getImplementationVersion(), "unknown"));
        facts.put("device", plan.device().isCuda() ? plan.device() + ", " + Cuda.name(plan.device()) : "cpu");
        facts.put("threads", String.valueOf(plan.threads()));
        facts.put("shape", plan.shape().name());
        return facts;
    }
}
