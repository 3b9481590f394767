package awl.train;

import awl.ConfigException;
import awl.parallel.World;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// What ranks settle among themselves: numbers of the host, summed in float64, and that all do the same.
final class RankSums {

    private RankSums() {}

    static double[] of(World world, double... own) {
        if (world.size() == 1 || own.length == 0) {
            return own;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor numbers = Tensors.doubles(world.device(), own);
            world.sum(numbers);
            return Tensors.doubles(numbers);
        }
    }

    /// Ranks that read other files would train something that nobody asked for.
    ///
    /// @param own what this rank is about to do
    /// @throws ConfigException where another rank has something else to do
    static void requireSame(World world, String own) {
        List<String> all = world.gather(own);
        for (int r = 1; r < all.size(); r++) {
            if (!all.get(r).equals(all.getFirst())) {
                throw new ConfigException(
                        "rank %d has %s, rank 0 has %s; configuration and files must be the same everywhere"
                                .formatted(r, all.get(r), all.getFirst()));
            }
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
