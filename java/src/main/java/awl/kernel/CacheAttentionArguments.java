package awl.kernel;

import awl.ShapeException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Shapes and dtypes of [Kernels#cacheAttention]. It runs once a layer for every token that is generated, so it makes
/// no arrays of sizes.
final class CacheAttentionArguments {

    private CacheAttentionArguments() {}

    static void check(
            Tensor projected_NW,
            Tensor cosine_NR,
            Tensor sine_NR,
            Tensor keys_SKCE,
            Tensor values_SKCE,
            Tensor slot_N,
            Tensor position_N,
            Tensor out_NHE) {
        require(keys_SKCE.dim() == 4 && values_SKCE.dim() == 4, "keys and values: expected (S, K, C, E)");
        for (int axis = 0; axis < 4; axis++) {
            require(keys_SKCE.size(axis) == values_SKCE.size(axis), "values: expected the shape of keys");
        }
        require(keys_SKCE.is_contiguous() && values_SKCE.is_contiguous(), "keys and values: expected no gaps");
        long n = projected_NW.size(0);
        long columns = 2 * keys_SKCE.size(1) * keys_SKCE.size(3);
        require(
                projected_NW.dim() == 2
                        && out_NHE.dim() == 2
                        && out_NHE.size(0) == n
                        && projected_NW.size(1) == out_NHE.size(1) + columns
                        && out_NHE.size(1) > 0
                        && out_NHE.size(1) % (columns / 2) == 0,
                "projected and out: expected (N, (H + 2K) E) and (N, H E), H a multiple of K");
        require(
                cosine_NR.dim() == 2
                        && sine_NR.dim() == 2
                        && cosine_NR.size(0) == n
                        && sine_NR.size(0) == n
                        && cosine_NR.size(1) == sine_NR.size(1)
                        && cosine_NR.size(1) % 2 == 0
                        && cosine_NR.size(1) <= keys_SKCE.size(3),
                "cosine and sine: expected (N, R), R even and at most E");
        require(
                slot_N.dim() == 1 && position_N.dim() == 1 && slot_N.size(0) == n && position_N.size(0) == n,
                "slot and position: expected (N)");
        ScalarType dtype = Arguments.dtype(projected_NW);
        ScalarType angles = Arguments.accumulator(dtype);
        require(
                Arguments.dtype(cosine_NR) == angles
                        && Arguments.dtype(sine_NR) == angles
                        && Arguments.dtype(keys_SKCE) == dtype
                        && Arguments.dtype(values_SKCE) == dtype
                        && Arguments.dtype(out_NHE) == dtype,
                "expected one dtype, and cosine and sine in float32 (float64)");
        require(
                Arguments.dtype(slot_N) == ScalarType.Long && Arguments.dtype(position_N) == ScalarType.Long,
                "slot and position: expected int64");
    }

    private static void require(boolean holds, String expectation) {
        if (!holds) {
            throw new ShapeException("cache attention: " + expectation);
        }
    }
}
