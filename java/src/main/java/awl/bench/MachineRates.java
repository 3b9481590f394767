package awl.bench;

import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import awl.kernel.TorchKernels;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
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

    /// Numbers of an array of the triad: 64 MiB each, on a device 512.
    private static final long TRIAD = 16L << 20;

    private static final long DEVICE_TRIAD = 128L << 20;

    /// A device needs a larger product to be busy.
    private static final int EDGE = 1024;

    private static final int DEVICE_EDGE = 8192;
    private static final int TIMES = 7;

    /// Slow machines, and dtypes that libtorch multiplies slowly, are known well enough after three.
    private static final int FEWEST = 3;

    private static final long ENOUGH_NANOS = 1_000_000_000;

    /// @param ours kernels whose product is tried, too
    static MachineRates measure(List<Precision> dtypes, Kernels ours, BenchInputs inputs) {
        Map<Precision, Quantiles> products = new LinkedHashMap<>();
        Map<Precision, String> by = new LinkedHashMap<>();
        for (Precision dtype : dtypes) {
            Quantiles libtorch = product(dtype, new TorchKernels(), inputs);
            Quantiles own = libtorch;
            if (ours instanceof NativeKernels) {
                try (Threads.SerialBlas _ = Threads.serialBlas()) {
                    own = product(dtype, ours, inputs);
                }
            }
            boolean faster = own.median() > libtorch.median();
            products.put(dtype, faster ? own : libtorch);
            by.put(dtype, faster ? ours.name() : "libtorch");
        }
        return new MachineRates(measureTriad(inputs), products, by);
    }

    private static Quantiles measureTriad(BenchInputs inputs) {
        long numbers = inputs.device().isCuda() ? DEVICE_TRIAD : TRIAD;
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = inputs.zeros(ScalarType.Float, numbers);
            Tensor b = inputs.zeros(ScalarType.Float, numbers);
            Tensor c = inputs.zeros(ScalarType.Float, numbers);
            Scalar s = new Scalar(3.0);
            return rates(inputs.device(), 3.0 * Float.BYTES * numbers, () -> torch.add_out(a, b, c, s));
        }
    }

    private static Quantiles product(Precision dtype, Kernels kernels, BenchInputs inputs) {
        int edge = inputs.device().isCuda() ? DEVICE_EDGE : EDGE;
        try (TensorScope _ = TensorScope.open()) {
            Tensor left = inputs.normal(dtype, edge, edge);
            Tensor right = inputs.normal(dtype, edge, edge);
            Tensor out = inputs.empty(dtype.scalarType(), edge, edge);
            return rates(
                    inputs.device(), 2.0 * edge * edge * edge, () -> kernels.matrixProduct(left, right, 1, false, out));
        }
    }

    private static Quantiles rates(DeviceHandle device, double amount, Runnable step) {
        List<Double> rates = new ArrayList<>();
        long begun = System.nanoTime();
        for (int i = 0; i <= TIMES && (i <= FEWEST || System.nanoTime() - begun < ENOUGH_NANOS); i++) {
            try (TensorScope _ = TensorScope.open()) {
                long start = System.nanoTime();
                step.run();
                Cuda.await(device);
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
