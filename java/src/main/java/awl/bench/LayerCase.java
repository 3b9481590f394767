package awl.bench;

import awl.kernel.Kernels;
import awl.tensor.Precision;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/// A case of a kernel that works on the rows of a layer, told by its parts.
///
/// @param sizes by name, for the JSON
/// @param inputs makes the contenders and what tells the truth
record LayerCase(
        String kernel,
        String label,
        Precision dtype,
        Map<String, Object> sizes,
        Work work,
        Footprint footprint,
        Function<Kernels, Prepared> inputs)
        implements KernelCase {

    @Override
    public Map<String, Object> parameters() {
        Map<String, Object> all = new LinkedHashMap<>(sizes);
        all.put("part", label);
        return all;
    }

    @Override
    public Prepared prepare(Kernels ours) {
        return inputs.apply(ours);
    }

    /// @param exact makes the results in float64
    record Ready(List<Contender> contenders, Supplier<Map<String, Tensor>> exact) implements Prepared {
        @Override
        public Map<String, Tensor> truth() {
            return exact.get();
        }
    }

    static int bytes(Precision dtype) {
        return dtype == Precision.BF16 ? 2 : 4;
    }
}
