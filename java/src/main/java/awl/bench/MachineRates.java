package awl.bench;

import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// What the machine can do, measured in the same run: figures that rates of kernels are shown beside.
///
/// @param triad GB/s of `a = b + s c` over three arrays that no cache holds (STREAM: three times their size is
/// counted)
/// @param products GFLOP/s of a square matrix product by dtype, by the faster of libtorch and our kernels
/// @param productsBy who was the faster one, by dtype
public record MachineRates(Quantiles triad, Map<Precision, Quantiles> products, Map<Precision, String> productsBy) {

    /// Numbers of an array of the triad: 64 MiB each.
    private static final long TRIAD = 16L << 20;

    private static final int EDGE = 1024;
    private static final int TIMES = 7;

    /// Slow machines, and dtypes that libtorch multiplies slowly, are known well enough after three.
    private static final int FEWEST = 3;

    private static final long ENOUGH_NANOS = 1_000_000_000;

    /// @param ours kernels whose product is tried, too
    static MachineRates measure(List<Precision> dtypes, Kernels ours) {
        Map<Precision, Quantiles> products = new LinkedHashMap<>();
        Map<Precision, String> by = new LinkedHashMap<>();
        for (Precision dtype : dtypes) {
            Quantiles libtorch = product(dtype, new TorchKernels());
            Quantiles own = libtorch;
            if (ours instanceof NativeKernels) {
                try (Threads.SerialBlas _ = Threads.serialBlas()) {
                    own = product(dtype, ours);
                }
            }
            boolean faster = own.median() > libtorch.median();
            products.put(dtype, faster ? own : libtorch);
            by.put(dtype, faster ? ours.name() : "libtorch");
        }
        return new MachineRates(measureTriad(), products, by);
    }

    private static Quantiles measureTriad() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = Tensors.zeros(ScalarType.Float, TRIAD);
            Tensor b = torch.ones(TRIAD);
            Tensor c = torch.ones(TRIAD);
            Scalar s = new Scalar(3.0);
            return rates(3.0 * Float.BYTES * TRIAD, () -> torch.add_out(a, b, c, s));
        }
    }

    private static Quantiles product(Precision dtype, Kernels kernels) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor left = torch.randn(EDGE, EDGE).to(dtype.scalarType());
            Tensor right = torch.randn(EDGE, EDGE).to(dtype.scalarType());
            Tensor out = Tensors.empty(dtype.scalarType(), EDGE, EDGE);
            return rates(2.0 * EDGE * EDGE * EDGE, () -> kernels.matrixProduct(left, right, 1, false, out));
        }
    }

    private static Quantiles rates(double amount, Runnable step) {
        List<Double> rates = new ArrayList<>();
        long begun = System.nanoTime();
        for (int i = 0; i <= TIMES && (i <= FEWEST || System.nanoTime() - begun < ENOUGH_NANOS); i++) {
            try (TensorScope _ = TensorScope.open()) {
                long start = System.nanoTime();
                step.run();
                if (i > 0) { // the first one warms up
                    rates.add(amount / (System.nanoTime() - start));
                }
            }
        }
        return Quantiles.of(rates);
    }

    /// What a work of this bound can reach at most, as far as measured here.
    public double most(Work.Bound bound, Precision dtype) {
        Quantiles product = products.get(dtype);
        return bound == Work.Bound.MEMORY ? triad.median() : product == null ? Double.NaN : product.median();
    }
}
