package awl.kernel;

import static awl.kernel.Accuracy.near;
import static awl.kernel.Accuracy.worst;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every implementation of [Kernels#linear] must satisfy.
interface LinearContract {

    Kernels kernels();

    @ParameterizedTest
    @CsvSource({"1, 8, 3", "1, 577, 130", "2, 33, 9", "3, 64, 64", "5, 100, 7", "16, 576, 96", "33, 40, 50", "0, 8, 4"})
    default void linearIsAsExactAsPlainLibtorch(long n, long d, long o) {
        for (ScalarType stored : List.of(ScalarType.Float, ScalarType.BFloat16)) {
            Tensor x = torch.randn(n, d);
            Tensor weight = torch.randn(o, d).to(stored);
            // The output may be a part of a wider one.
            Tensor y = torch.ones(n, o + 5);
            kernels().linear(x, weight, y.narrow(1, 2, o));
            Tensor plain = torch.mm(x, weight.to(ScalarType.Float).t());
            Tensor truth = torch.mm(
                    x.to(ScalarType.Double), weight.to(ScalarType.Double).t());
            near("y", y.narrow(1, 2, o), plain, truth, Accuracy.GRADIENT, 1e-6);
            assertThat(y.narrow(1, 0, 2).sum().item_double()).isEqualTo(2.0 * n);
            assertThat(y.narrow(1, o + 2, 3).sum().item_double()).isEqualTo(3.0 * n);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 40})
    default void linearOfSeveralMatricesIsThatOfEach(long n) {
        for (ScalarType stored : List.of(ScalarType.Float, ScalarType.BFloat16)) {
            Tensor x = torch.randn(n, 100);
            List<Tensor> weights = Stream.of(24L, 0L, 7L, 41L)
                    .map(rows -> torch.randn(rows, 100).to(stored))
                    .toList();
            Tensor y = torch.empty(n, 72);
            kernels().linear(x, weights, y);
            long column = 0;
            for (Tensor weight : weights) {
                Tensor alone = torch.empty(n, weight.size(0));
                kernels().linear(x, weight, alone);
                assertThat(y.narrow(1, column, weight.size(0)).equal(alone)).isTrue();
                column += weight.size(0);
            }
        }
    }

    @Test
    default void linearTakesTheOtherDtypesAndRefusesWhatDoesNotFit() {
        for (ScalarType dtype : List.of(ScalarType.Double, ScalarType.BFloat16)) {
            Tensor x = torch.randn(2, 16).to(dtype);
            Tensor weight = torch.randn(5, 16).to(dtype);
            Tensor y = torch.zeros(2, 5).to(dtype);
            kernels().linear(x, weight, y);
            assertThat(worst(y, torch.mm(x, weight.t()))).isLessThan(1e-6);
        }
        assertThatThrownBy(() -> kernels().linear(torch.randn(2, 8), torch.randn(3, 7), torch.empty(2, 3)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("linear: expected weights (O, D) of 8 columns, got (3, 7)");
        assertThatThrownBy(() -> kernels().linear(torch.randn(2, 8), torch.randn(3, 8), torch.empty(2, 4)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("linear: expected y (2, 3), got (2, 4)");
        assertThatThrownBy(() -> kernels().linear(torch.randn(2, 8), List.of(), torch.empty(2, 0)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("linear: expected 1 to 4 matrices, got 0");
        Tensor wide = torch.randn(3, 8).to(ScalarType.Double);
        assertThatThrownBy(() -> kernels().linear(torch.randn(2, 8), wide, torch.empty(2, 3)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("weight");
    }
}
