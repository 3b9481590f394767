package awl.bench;

import awl.ConfigException;
import awl.data.Nearest;
import awl.tensor.DeviceHandle;
import java.util.List;

/// Every kernel that can be measured.
public final class KernelCases {

    public static final List<KernelBench> ALL = List.of(
            new HeadBench(),
            new NormBench(),
            new RopeBench(),
            new GatedBench(),
            new AttentionBench(),
            new LinearBench(),
            new ProductBench(),
            new AdamWBench(),
            new EmbeddingBench());

    private KernelCases() {}

    public static List<String> names() {
        return ALL.stream().map(KernelBench::name).toList();
    }

    /// Those there are for a device.
    public static List<String> names(DeviceHandle device) {
        return ALL.stream()
                .filter(each -> each.runsOn(device))
                .map(KernelBench::name)
                .toList();
    }

    /// The kernel of a name.
    public static KernelBench named(String name) {
        return ALL.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new ConfigException("--kernels: no kernel '%s'; did you mean %s? There are %s, or all"
                                .formatted(name, Nearest.of(name, names()), String.join(", ", names()))));
    }

    /// All cases of a plan.
    static List<KernelCase> of(BenchPlan plan) {
        return plan.kernels().stream()
                .flatMap(name -> named(name).cases(plan).stream())
                .toList();
    }
}
