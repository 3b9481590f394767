package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/// What every implementation of [Kernels#squaredNorm] must satisfy.
interface SquaredNormContract {

    Kernels kernels();

    @Test
    default void squaredNormIsThatOfFloat64() {
        torch.manual_seed(22);
        List<Tensor> tensors = List.of(
                torch.rand(700_001),
                torch.randn(3, 5, 7),
                torch.zeros(0),
                torch.full(new long[] {3}, new Scalar(1e30), torch.zeros(1).options()),
                torch.randn(65_536).to(ScalarType.BFloat16));
        for (List<Tensor> some : List.of(tensors.subList(0, 3), tensors.subList(4, 5), tensors, List.<Tensor>of())) {
            double truth = 0;
            for (Tensor each : some) {
                truth += each.to(ScalarType.Double).square().sum().item_double();
            }
            assertThat(kernels().squaredNorm(some).item_double()).isCloseTo(truth, within(1e-12 * truth));
        }
    }

    @Test
    default void squaredNormIsFiniteIfAndOnlyIfAllIs() {
        Tensor numbers =
                torch.full(new long[] {70_000}, new Scalar(3e38), torch.zeros(1).options());
        assertThat(kernels().squaredNorm(List.of(numbers)).item_double()).isFinite();
        for (double broken : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            numbers.select(0, 69_999).fill_(new Scalar(broken));
            assertThat(kernels().squaredNorm(List.of(torch.ones(3), numbers)).item_double())
                    .isNotFinite();
        }
    }
}
