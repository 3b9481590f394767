package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#addRmsNorm] and its gradient must satisfy, beside its own [Kernels#rmsNorm].
interface ResidualNormContract {

    Kernels kernels();

    @ParameterizedTest
    @CsvSource({
        "1, 3, Float, false",
        "3, 7, Float, true",
        "64, 576, Float, false",
        "5, 1031, BFloat16, false",
        "70, 64, BFloat16, true",
        "0, 16, Float, false",
        "129, 33, Double, true"
    })
    default void aResidualSumIsNormedAsItIsStored(int n, int d, ScalarType dtype, boolean onePlus) {
        torch.manual_seed(n * 100L + d);
        Tensor x = torch.randn(n, d).mul_(new Scalar(3.0)).to(dtype);
        Tensor branch = torch.randn(n, d).to(dtype);
        Tensor weight = torch.randn(d).to(dtype);
        Tensor dy = torch.randn(n, d).to(dtype);
        Tensor fromElsewhere = torch.randn(n, d).to(dtype);
        ScalarType sums = Arguments.accumulator(dtype);
        Tensor stored = x.add(branch);
        Tensor normed = torch.empty_like(x);
        Tensor scale = torch.empty(n).to(sums);
        kernels().rmsNorm(stored, weight, 1e-5, onePlus, normed, scale);
        Tensor alone = torch.empty_like(x).to(sums);
        Tensor dWeightAlone = torch.zeros(d).to(sums);
        kernels().rmsNormBackward(dy.to(sums), stored.to(sums), weight.to(sums), scale, onePlus, alone, dWeightAlone);

        Tensor sum = torch.empty_like(x);
        Tensor y = torch.empty_like(x);
        Tensor inverse = torch.empty(n).to(sums);
        kernels().addRmsNorm(x, branch, weight, 1e-5, onePlus, sum, y, inverse);
        assertThat(torch.equal(sum, stored)).isTrue();
        assertThat(torch.equal(y, normed)).isTrue();
        assertThat(torch.equal(inverse, scale)).isTrue();
        Tensor dx = torch.empty_like(x);
        Tensor dWeight = torch.zeros(d).to(sums);
        kernels().addRmsNormBackward(dy, fromElsewhere, sum, weight, inverse, onePlus, dx, dWeight);
        double unit = dtype == ScalarType.BFloat16 ? 1.0 / 256 : dtype == ScalarType.Float ? 1e-6 : 1e-15;
        assertThat(Accuracy.worst(dx, alone.add(fromElsewhere.to(sums)))).isLessThanOrEqualTo(unit);
        assertThat(Accuracy.worst(dWeight, dWeightAlone)).isLessThan(1e-6);

        // Over the branch, and over the gradient that is there, the numbers are the same.
        kernels().addRmsNorm(x, branch, weight, 1e-5, onePlus, branch, y, inverse);
        assertThat(torch.equal(branch, stored) && torch.equal(y, normed)).isTrue();
        kernels().addRmsNormBackward(dy, fromElsewhere, sum, weight, inverse, onePlus, fromElsewhere, null);
        assertThat(torch.equal(fromElsewhere, dx)).isTrue();
    }

    @Test
    default void aResidualSumRefusesWhatDoesNotFit() {
        Tensor x = torch.randn(4, 8);
        Tensor weight = torch.ones(8);
        Tensor inverse = torch.empty(4);
        assertThatThrownBy(() -> kernels().addRmsNorm(x, torch.randn(4, 7), weight, 1e-6, false, x, x, inverse))
                .isInstanceOf(ShapeException.class)
                .hasMessage("branch: expected (N, D) = [4, 8] got [4, 7]");
        assertThatThrownBy(() -> kernels().addRmsNormBackward(x, torch.randn(3, 8), x, weight, inverse, false, x, null))
                .isInstanceOf(ShapeException.class)
                .hasMessage("sum gradient: expected (N, D) = [4, 8] got [3, 8]");
    }
}
