package awl.bench;

import java.util.List;

/// A kernel that can be measured: one class each, listed in [KernelCases].
public interface KernelBench {

    /// As named on the command line.
    String name();

    /// What it is and what it is compared with, in a sentence.
    String question();

    /// The cases of a plan, in the order they are shown.
    List<KernelCase> cases(BenchPlan plan);
}
