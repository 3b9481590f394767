package awl.bench;

import awl.ConfigException;
import awl.kernel.HeadOptions;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import java.util.List;

/// What is to be measured.
///
/// @param kernels names from [KernelCases]
/// @param active shares of the rows that are learned, for the head
/// @param frozen whether the head's weight gets no gradient, as under LoRA
/// @param dtypes how inputs are stored
/// @param device that computes
/// @param threads of ours and of libtorch, in host memory
/// @param rounds measured ones; every contender runs once a round
/// @param headBudget most bytes of logits that our head holds at a time
public record BenchPlan(
        Shape shape,
        List<String> kernels,
        List<Double> active,
        boolean frozen,
        List<Precision> dtypes,
        DeviceHandle device,
        int threads,
        int rounds,
        long headBudget) {

    private static final int MOST_ROUNDS = 1000;
    private static final int MOST_THREADS = 1024;

    public BenchPlan {
        kernels = List.copyOf(kernels);
        active = List.copyOf(active);
        dtypes = List.copyOf(dtypes);
        some("--kernels", kernels);
        some("--active", active);
        some("--dtype", dtypes);
        for (String name : kernels) {
            if (!KernelCases.named(name).runsOn(device)) {
                throw new ConfigException("--kernels: there is no kernel '%s' for %s; there are %s"
                        .formatted(name, device, String.join(", ", KernelCases.names(device))));
            }
        }
        for (double share : active) {
            if (!(share >= 0 && share <= 1)) {
                throw new ConfigException(
                        "--active: expected shares from 0 to 1 such as 1,0.25, found " + share + " (not percent)");
            }
        }
        if (dtypes.contains(Precision.FP64)) {
            throw new ConfigException("--dtype: expected fp32 or bf16; float64 is what errors are measured against");
        }
        within("--threads", threads, MOST_THREADS);
        within("--rounds", rounds, MOST_ROUNDS);
        if (headBudget < 1) {
            throw new ConfigException("--budget: expected at least 1 MiB");
        }
    }

    private static void some(String what, List<?> values) {
        if (values.isEmpty()) {
            throw new ConfigException(what + ": expected at least one");
        }
        if (values.stream().distinct().count() < values.size()) {
            throw new ConfigException(what + ": " + values + " names one twice");
        }
    }

    private static void within(String what, int value, int most) {
        if (value < 1 || value > most) {
            throw new ConfigException("%s: expected 1 to %,d, found %,d".formatted(what, most, value));
        }
    }

    BenchInputs inputs() {
        return new BenchInputs(device);
    }

    /// The head of a shape with everything learned, in float32.
    public static BenchPlan of(Shape shape, String... kernels) {
        return new BenchPlan(
                shape,
                List.of(kernels),
                List.of(1.0),
                false,
                List.of(Precision.FP32),
                DeviceHandle.CPU,
                1,
                1,
                HeadOptions.DEFAULT_BUDGET_BYTES);
    }
}
