package awl.bench;

import awl.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// How far results are from float64, and what is too far.
///
/// An error is the largest difference of any number of a result, as a share of the largest number in it. Ours may have
/// twice (gradients) or three times (loss, forward values) the error of plain libtorch at the same dtype, and
/// 1e-4 (1e-5) on top, which is where both are nothing but rounding.
public final class Exactness {

    private static final double GRADIENT_FACTOR = 2;
    private static final double GRADIENT_SLACK = 1e-4;
    private static final double VALUE_FACTOR = 3;
    private static final double VALUE_SLACK = 1e-5;

    /// Numbers compared at a time: a float64 copy of a whole gradient would be as large as the truth.
    private static final long BLOCK = 1 << 22;

    private Exactness() {}

    /// Errors of every result that the truth knows.
    static Map<String, Double> errors(Map<String, Tensor> results, Map<String, Tensor> truth) {
        Map<String, Double> errors = new LinkedHashMap<>();
        truth.forEach((name, exact) -> {
            Tensor got = results.get(name);
            if (got != null) {
                errors.put(name, error(got, exact));
            }
        });
        return errors;
    }

    /// 0 where both are empty or zero; NaN where a number is.
    static double error(Tensor got, Tensor exact) {
        try (TensorScope _ = TensorScope.open()) {
            if (got.numel() != exact.numel()) {
                throw new IllegalArgumentException(got.numel() + " numbers compared with " + exact.numel());
            }
            Tensor flat = got.reshape(-1);
            Tensor flatExact = exact.reshape(-1);
            double worst = 0;
            double scale = 0;
            for (long at = 0; at < flat.numel(); at += BLOCK) {
                try (TensorScope _ = TensorScope.open()) {
                    long length = Math.min(BLOCK, flat.numel() - at);
                    Tensor right = flatExact.narrow(0, at, length);
                    double off = flat.narrow(0, at, length)
                            .to(ScalarType.Double)
                            .sub(right)
                            .abs()
                            .max()
                            .item_double();
                    if (Double.isNaN(off)) {
                        return Double.NaN;
                    }
                    worst = Math.max(worst, off);
                    scale = Math.max(scale, right.abs().max().item_double());
                }
            }
            return worst == 0 ? 0 : worst / scale;
        }
    }

    /// Most that ours may be off.
    ///
    /// @param result gradients begin with `d`
    /// @param plain error of plain libtorch
    static double allowed(String result, double plain) {
        return result.startsWith("d") ? GRADIENT_FACTOR * plain + GRADIENT_SLACK : VALUE_FACTOR * plain + VALUE_SLACK;
    }

    /// Those of `ours` that are above what is allowed, or not numbers.
    static Map<String, Double> tooFar(Map<String, Double> ours, Map<String, Double> plain) {
        Map<String, Double> far = new LinkedHashMap<>();
        ours.forEach((name, error) -> {
            Double yardstick = plain.get(name);
            if (yardstick != null && !(error <= allowed(name, yardstick))) {
                far.put(name, error);
            }
        });
        return far;
    }
}
