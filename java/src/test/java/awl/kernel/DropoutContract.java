package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#dropout] must satisfy.
interface DropoutContract {

    Kernels kernels();

    private static Tensor keys(int rows) {
        long[] keys = new long[rows];
        for (int n = 0; n < rows; n++) {
            keys[n] = 0x9E3779B97F4A7C15L * (n + 1); // both signs
        }
        return torch.tensor(keys, new TensorOptions(ScalarType.Long));
    }

    /// The formula of kernels.h, in Java.
    private static boolean stays(long key, long place, int column, double share) {
        long z = key + place;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        z ^= z >>> 31;
        int h = column * 0x9e3779b9 + (int) z;
        h = (h ^ (h >>> 16)) * 0x7feb352d;
        h = ((h ^ (h >>> 15)) + (int) (z >>> 32)) * 0x846ca68b;
        h ^= h >>> 16;
        return Integer.toUnsignedLong(h) >= (long) (share * 0x1p32);
    }

    @ParameterizedTest
    @CsvSource({
        "Float, 5, 33, 0.1",
        "Float, 3, 300, 0.5",
        "Float, 0, 8, 0.5",
        "Float, 4, 16, 0",
        "BFloat16, 6, 40, 0.3",
        "Double, 3, 17, 0.9"
    })
    default void whatDropoutLeavesIsScaledAndItsPlacesAreThoseOfTheFormula(
            ScalarType dtype, int n, int columns, double share) {
        torch.manual_seed(columns);
        Tensor x = torch.randn(n, columns).to(dtype);
        Tensor keys = keys(n);
        Tensor out = x.clone();
        kernels().dropout(x, keys, share, -9, out);
        double unit = dtype == ScalarType.BFloat16 ? 1.0 / 256 : dtype == ScalarType.Float ? 2e-7 : 1e-15;
        for (int row = 0; row < n; row++) {
            for (int i = 0; i < columns; i++) {
                double was = x.select(0, row).select(0, i).item_double();
                double left = out.select(0, row).select(0, i).item_double();
                double expected = stays(0x9E3779B97F4A7C15L * (row + 1), -9, i, share) ? was / (1 - share) : 0;
                assertThat(Math.abs(left - expected))
                        .as("row %d, column %d", row, i)
                        .isLessThanOrEqualTo(unit * Math.abs(expected));
            }
        }
        Tensor again = x.clone();
        kernels().dropout(again, keys, share, -9, again);
        assertThat(torch.equal(again, out)).isTrue();
    }

    /// A number that falls is 0, whatever it was.
    @Test
    default void whatFallsIsZero() {
        Tensor x = torch.ones(2, 64).mul_(new Scalar(Double.NaN));
        kernels().dropout(x, keys(2), 0.5, 1, x);
        long zeros = x.eq(new Scalar(0.0)).sum().item_long();
        assertThat(zeros).isBetween(30L, 98L);
        assertThat(x.isnan().sum().item_long()).isEqualTo(128 - zeros);
    }

    @Test
    default void dropoutRefusesWhatDoesNotFit() {
        Tensor x = torch.randn(2, 3);
        assertThatThrownBy(() -> kernels().dropout(x, keys(3), 0.5, 0, x))
                .isInstanceOf(ShapeException.class)
                .hasMessage("key: expected (N) = [2] got [3]");
        assertThatThrownBy(() -> kernels().dropout(x, keys(2), 1, 0, x))
                .isInstanceOf(ShapeException.class)
                .hasMessage("dropout: share: expected a number from 0 to below 1, got 1.0");
        assertThatThrownBy(() -> kernels().dropout(x, keys(2), 0.5, 0, torch.randn(3, 2)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("out: expected (N, I) = [2, 3] got [3, 2]");
    }
}
