package awl.bench;

import awl.kernel.Kernels;
import awl.tensor.Precision;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// One kernel at one shape. Nothing is allocated before [#prepare].
public interface KernelCase {

    /// The kernel's name.
    String kernel();

    /// Short, unlike those of other cases of this kernel and dtype, such as `25 % active`.
    String label();

    Precision dtype();

    /// What sets this case apart, by name, for the JSON.
    Map<String, Object> parameters();

    Work work();

    /// All that will be resident at once at most.
    Footprint footprint();

    /// Makes the inputs, which belong to the caller's scope.
    ///
    /// @param ours the kernels to measure
    Prepared prepare(Kernels ours);

    /// A case with its inputs.
    interface Prepared {

        /// In the order they are shown; ours first.
        List<Contender> contenders();

        /// The results in float64, by name, computed apart from our kernels.
        Map<String, Tensor> truth();
    }

    /// `head, 25 % active, fp32`
    default String fullLabel() {
        return "%s, %s, %s".formatted(kernel(), label(), dtype());
    }
}
