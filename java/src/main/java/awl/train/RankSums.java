package awl.train;

import awl.parallel.World;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Numbers of the host, summed over the ranks in float64.
final class RankSums {

    private RankSums() {}

    static double[] of(World world, double... own) {
        if (world.size() == 1 || own.length == 0) {
            return own;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor numbers = Tensors.zeros(ScalarType.Double, own.length);
            for (int i = 0; i < own.length; i++) {
                numbers.select(0, i).fill_(new Scalar(own[i]));
            }
            world.sum(numbers);
            double[] sums = new double[own.length];
            for (int i = 0; i < own.length; i++) {
                sums[i] = numbers.select(0, i).item_double();
            }
            return sums;
        }
    }

    /// What objectives report: every part is a sum over documents. Which ones are undefined is a fact of the whole
    /// data, the same on every rank.
    static Map<String, @Nullable Double> of(World world, Map<String, @Nullable Double> parts) {
        double[] sums = of(
                world,
                parts.values().stream()
                        .mapToDouble(value -> value == null ? 0 : value)
                        .toArray());
        Map<String, @Nullable Double> total = new LinkedHashMap<>();
        int at = 0;
        for (Map.Entry<String, @Nullable Double> part : parts.entrySet()) {
            total.put(part.getKey(), part.getValue() == null ? null : sums[at]);
            at++;
        }
        return total;
    }
}
