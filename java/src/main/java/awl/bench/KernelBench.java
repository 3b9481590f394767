package awl.bench;

import awl.tensor.DeviceHandle;
import java.util.List;

/// A kernel that can be measured: one class each, listed in [KernelCases].
public interface KernelBench {

    /// As named on the command line.
    String name();

    /// What it is and what it is compared with, in a sentence.
    String question();

    /// Whether we have a kernel of our own there.
    default boolean runsOn(DeviceHandle device) {
        return true;
    }

    /// The cases of a plan, in the order they are shown.
    List<KernelCase> cases(BenchPlan plan);
}
