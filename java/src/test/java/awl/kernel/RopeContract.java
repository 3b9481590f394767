package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#rope] must satisfy.
interface RopeContract {

    Kernels kernels();

    /// Tokens, rotated heads, all heads, width, rotated numbers.
    @ParameterizedTest
    @CsvSource({
        "Float, 1, 1, 1, 2, 2", "Float, 5, 3, 4, 16, 16", "Float, 7, 4, 6, 20, 6", "Float, 0, 2, 2, 8, 8",
        "BFloat16, 9, 12, 15, 64, 64", "BFloat16, 3, 2, 3, 34, 34", "Double, 4, 2, 2, 10, 10",
                "Float, 40, 9, 12, 64, 64"
    })
    default void ropeTurnsEveryPairOfItsHeadsAndTurnsItBack(
            ScalarType dtype, int n, int heads, int all, int e, int rotated) {
        torch.manual_seed(n * 100L + e);
        ScalarType wide = Arguments.accumulator(dtype);
        Tensor stream = torch.randn(n, all * e).to(dtype);
        Tensor before = stream.clone();
        Tensor angle = torch.randn(n, rotated / 2).mul_(new Scalar(5.0)).to(wide);
        Tensor cosine = torch.cat(new TensorVector(angle.cos(), angle.cos()), 1);
        Tensor sine = torch.cat(new TensorVector(angle.sin().neg(), angle.sin()), 1);
        Tensor view = stream.narrow(1, 0, heads * e).view(n, heads, e);
        Tensor exact = before.narrow(1, 0, heads * e).reshape(n, heads, e).to(ScalarType.Double);
        double unit = dtype == ScalarType.BFloat16 ? 1.0 / 256 : dtype == ScalarType.Float ? 2e-7 : 1e-15;
        // Numbers i and i + R/2 are a complex number, multiplied with exp(i angle).
        Tensor turned = turned(exact, angle.to(ScalarType.Double));
        kernels().rope(view, cosine, sine, false);
        assertThat(Accuracy.worst(view, turned)).isLessThan(unit);
        assertThat(torch.equal(
                        stream.narrow(1, heads * e, (all - heads) * e), before.narrow(1, heads * e, (all - heads) * e)))
                .isTrue();
        assertThat(torch.equal(
                        view.narrow(2, rotated, e - rotated).to(ScalarType.Double),
                        exact.narrow(2, rotated, e - rotated)))
                .isTrue();
        kernels().rope(view, cosine, sine, true);
        assertThat(Accuracy.worst(view, exact)).isLessThan(2 * unit);
    }

    private static Tensor turned(Tensor x_NHE, Tensor angle_NP) {
        long half = angle_NP.size(1);
        Tensor real = x_NHE.narrow(2, 0, half);
        Tensor imaginary = x_NHE.narrow(2, half, half);
        Tensor cos = angle_NP.cos().unsqueeze(1);
        Tensor sin = angle_NP.sin().unsqueeze(1);
        return torch.cat(
                new TensorVector(
                        real.mul(cos).sub(imaginary.mul(sin)),
                        real.mul(sin).add(imaginary.mul(cos)),
                        x_NHE.narrow(2, 2 * half, x_NHE.size(2) - 2 * half)),
                2);
    }

    @Test
    default void ropeCarriesNanToItsPairAlone() {
        Tensor x = torch.ones(2, 1, 8);
        x.select(0, 1).select(0, 0).select(0, 1).fill_(new Scalar(Double.NaN));
        Tensor angles = torch.ones(2, 4);
        kernels().rope(x, angles, angles, false);
        Tensor isNan = x.isnan();
        assertThat(isNan.sum().item_long()).isEqualTo(2);
        assertThat(isNan.select(0, 1).select(0, 0).select(0, 3).item_bool()).isTrue();
    }

    @Test
    default void ropeRefusesWhatDoesNotFit() {
        Tensor x = torch.randn(2, 3, 8);
        assertThatThrownBy(() -> kernels().rope(x, torch.ones(2, 5), torch.ones(2, 5), false))
                .isInstanceOf(ShapeException.class)
                .hasMessage("cosine: expected an even number of columns, at most 8, got 5");
        assertThatThrownBy(() -> kernels().rope(x, torch.ones(2, 10), torch.ones(2, 10), false))
                .isInstanceOf(ShapeException.class)
                .hasMessage("cosine: expected an even number of columns, at most 8, got 10");
        assertThatThrownBy(() -> kernels().rope(x, torch.ones(3, 4), torch.ones(3, 4), false))
                .isInstanceOf(ShapeException.class)
                .hasMessage("cosine: expected (N, R) = [2, 4] got [3, 4]");
        assertThatThrownBy(() -> kernels().rope(x, torch.ones(2, 4).to(ScalarType.Double), torch.ones(2, 4), false))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("cosine: expected dtype [Float] got Double");
        assertThatThrownBy(() -> kernels().rope(x.transpose(1, 2), torch.ones(2, 2), torch.ones(2, 2), false))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("next to each other, got stride 8");
    }
}
