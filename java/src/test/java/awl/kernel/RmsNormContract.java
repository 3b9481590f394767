package awl.kernel;

import static awl.kernel.Accuracy.near;
import static awl.kernel.Accuracy.same;
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

/// What every implementation of [Kernels#rmsNorm] and its gradient must satisfy.
interface RmsNormContract {

    Kernels kernels();

    @ParameterizedTest
    @CsvSource({
        "1, 3, Float, false", "3, 7, Float, true", "64, 576, Float, false", "33, 577, Float, true",
        "5, 1031, BFloat16, false", "70, 64, BFloat16, true", "0, 16, Float, false", "129, 33, Double, true",
        "300, 48, Float, false"
    })
    default void rmsNormIsAsExactAsPlainLibtorch(int n, int d, ScalarType dtype, boolean onePlus) {
        torch.manual_seed(n * 100L + d);
        Tensor x = torch.randn(n, d).mul_(new Scalar(3.0)).to(dtype);
        Tensor weight = torch.randn(d).to(dtype);
        Tensor dy = torch.randn(n, d).to(dtype);
        ScalarType sums = Arguments.accumulator(dtype);
        NormOracle truth = NormOracle.of(x, weight, dy, 1e-5, onePlus, ScalarType.Double);
        NormOracle plain = NormOracle.of(x, weight, dy, 1e-5, onePlus, dtype);
        Tensor y = torch.empty_like(x);
        Tensor inverse = torch.empty(n).to(sums);
        kernels().rmsNorm(x, weight, 1e-5, onePlus, y, inverse);
        near("y", y, plain.y, truth.y, Accuracy.GRADIENT, 1e-6);
        Tensor dx = torch.empty_like(x);
        Tensor before = torch.randn(d).to(sums);
        Tensor dWeight = before.clone();
        kernels().rmsNormBackward(dy, x, weight, inverse, onePlus, dx, dWeight);
        near("dx", dx, plain.dx, truth.dx, Accuracy.GRADIENT, 1e-6);
        Tensor added = dWeight.to(ScalarType.Double).sub(before.to(ScalarType.Double));
        near("dWeight", added, plain.dWeight, truth.dWeight, Accuracy.GRADIENT, 1e-5);

        Tensor again = torch.empty_like(x);
        Tensor dWeightAgain = before.clone();
        kernels().rmsNormBackward(dy, x, weight, inverse, onePlus, again, dWeightAgain);
        assertThat(same(again, dx) && same(dWeightAgain, dWeight)).isTrue();
        // In place, and without the weight's gradient, the numbers are the same.
        Tensor inPlace = dy.clone();
        kernels().rmsNormBackward(inPlace, x, weight, inverse, onePlus, inPlace, null);
        assertThat(same(inPlace, dx)).isTrue();
        Tensor written = x.clone();
        kernels().rmsNorm(written, weight, 1e-5, onePlus, written, inverse);
        assertThat(same(written, y)).isTrue();
    }

    record NormOracle(Tensor y, Tensor dx, Tensor dWeight) {
        static NormOracle of(Tensor x, Tensor weight, Tensor dy, double epsilon, boolean onePlus, ScalarType dtype) {
            Tensor leaf = x.detach().to(dtype).clone().set_requires_grad(true);
            Tensor scale = weight.detach().to(dtype).clone().set_requires_grad(true);
            Tensor factor = onePlus ? scale.add(new Scalar(1.0)) : scale;
            Tensor inverse =
                    leaf.square().mean(1).unsqueeze(1).add(new Scalar(epsilon)).rsqrt();
            Tensor y = leaf.mul(inverse).mul(factor);
            y.backward(
                    dy.to(dtype),
                    new org.bytedeco.pytorch.BoolOptional(),
                    false,
                    new org.bytedeco.pytorch.TensorArrayRefOptional());
            return new NormOracle(y.detach(), leaf.grad(), scale.grad());
        }
    }

    /// A weight stored in bfloat16 under float32 rows gives what its widened copy gives.
    @ParameterizedTest
    @CsvSource({"1, 577, false", "5, 64, true", "0, 16, false"})
    default void rmsNormWidensANarrowWeight(int n, int d, boolean onePlus) {
        torch.manual_seed(n * 100L + d);
        Tensor x = torch.randn(n, d);
        Tensor weight = torch.randn(d).to(ScalarType.BFloat16);
        Tensor expected = torch.empty_like(x);
        Tensor y = torch.empty_like(x);
        kernels().rmsNorm(x, weight.to(ScalarType.Float), 1e-5, onePlus, expected, torch.empty(n));
        kernels().rmsNorm(x, weight, 1e-5, onePlus, y, torch.empty(n));
        assertThat(same(y, expected)).isTrue();
        Tensor branch = torch.randn(n, d);
        Tensor sum = torch.empty_like(x);
        kernels().addRmsNorm(x, branch, weight.to(ScalarType.Float), 1e-5, onePlus, sum, expected, torch.empty(n));
        kernels().addRmsNorm(x, branch, weight, 1e-5, onePlus, sum, y, torch.empty(n));
        assertThat(same(y, expected)).isTrue();
    }

    @Test
    default void rmsNormPassesNanThroughItsRowOnly() {
        Tensor x = torch.randn(4, 40);
        x.select(0, 2).select(0, 7).fill_(new Scalar(Double.NaN));
        Tensor y = torch.empty_like(x);
        kernels().rmsNorm(x, torch.ones(40), 1e-6, false, y, torch.empty(4));
        assertThat(y.select(0, 2).sum().item_double()).isNaN();
        assertThat(y.select(0, 1).sum().item_double()).isFinite();
        assertThat(y.select(0, 3).sum().item_double()).isFinite();
    }

    @Test
    default void rmsNormRefusesWhatDoesNotFit() {
        assertThatThrownBy(() -> kernels()
                        .rmsNorm(torch.randn(4, 8), torch.ones(7), 1e-6, false, torch.empty(4, 8), torch.empty(4)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("weight: expected (D) = [8] got [7]");
    }
}
