package awl.train;

import awl.kernel.Kernels;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// In which precision a run computes, and why.
///
/// `auto` times one matrix product in each, by the kernels that the run uses, and takes the faster; bf16 is not faster
/// everywhere (on processors without instructions for it it is only how numbers are stored). The answer is kept in the
/// user's cache folder, by processor, kernels and threads.
///
/// @param reason for the run folder and the user
public record PrecisionChoice(Precision precision, String reason) {

    private static final int ROUNDS = 5;

    /// @param asked `fp32`, `bf16` or `auto`
    /// @param device where it will compute; `auto` on CUDA is bf16, which its matrix units are for
    /// @param kernels that will compute
    public static PrecisionChoice of(String asked, DeviceHandle device, Kernels kernels) {
        if (asked.equals("auto") && device.isCuda()) {
            return new PrecisionChoice(Precision.BF16, "auto: " + device);
        }
        if (!asked.equals("auto")) {
            return new PrecisionChoice(Precision.parse(asked), "asked for");
        }
        Path cache = cache(kernels);
        return remembered(cache).orElseGet(() -> {
            PrecisionChoice measured = measure(kernels);
            remember(cache, measured);
            return measured;
        });
    }

    private static PrecisionChoice measure(Kernels kernels) {
        double fp32 = seconds(kernels, ScalarType.Float);
        double bf16 = seconds(kernels, ScalarType.BFloat16);
        return new PrecisionChoice(
                bf16 < fp32 ? Precision.BF16 : Precision.FP32,
                String.format(
                        Locale.ROOT,
                        "auto: a 512x576x1536 product takes %.2f ms in fp32, %.2f ms in bf16 (%s, %s, %d threads)",
                        1e3 * fp32,
                        1e3 * bf16,
                        Machine.processor(),
                        kernels.name(),
                        Threads.count()));
    }

    /// The fastest of a few, the first of which warms up.
    private static double seconds(Kernels kernels, ScalarType dtype) {
        double best = Double.MAX_VALUE;
        try (TensorScope scope = TensorScope.open()) {
            Tensor a = torch.ones(512, 576).to(dtype);
            Tensor b = torch.ones(576, 1536).to(dtype);
            Tensor product = torch.empty(512, 1536).to(dtype);
            for (int round = 0; round <= ROUNDS; round++) {
                long start = System.nanoTime();
                kernels.matrixProduct(a, b, 1, false, product);
                best = Math.min(best, (System.nanoTime() - start) / 1e9);
            }
        }
        return best;
    }

    private static Path cache(Kernels kernels) {
        String named = System.getenv("XDG_CACHE_HOME");
        Path root = named == null || named.isEmpty()
                ? Path.of(System.getProperty("user.home", "."), ".cache")
                : Path.of(named);
        String key =
                (Machine.processor() + "-" + kernels.name() + "-" + Threads.count()).replaceAll("[^A-Za-z0-9]+", "-");
        return root.resolve("awl").resolve("precision-" + key);
    }

    private static Optional<PrecisionChoice> remembered(Path cache) {
        try {
            String[] lines = Files.readString(cache).split("\n");
            return Optional.of(new PrecisionChoice(Precision.parse(lines[0]), lines[1] + ", measured before"));
        } catch (IOException | RuntimeException e) {
            return Optional.empty(); // not measured yet, or unreadable: measure
        }
    }

    private static void remember(Path cache, PrecisionChoice choice) {
        try {
            Files.createDirectories(cache.toAbsolutePath().getParent());
            Files.writeString(cache, choice.precision() + "\n" + choice.reason() + "\n");
        } catch (IOException e) {
            // No cache folder: the next run measures again, which costs milliseconds.
        }
    }
}
