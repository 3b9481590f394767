package awl.kernel;

import static awl.kernel.Accuracy.near;
import static awl.kernel.Accuracy.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#embeddingBackward] must satisfy.
interface EmbeddingContract {

    Kernels kernels();

    @ParameterizedTest
    @CsvSource({
        "Float, 1, 1, 1",
        "Float, 0, 8, 1",
        "Float, 77, 33, 1",
        "Float, 400, 576, 24",
        "BFloat16, 130, 50, 0.5",
        "Double, 40, 9, 3"
    })
    default void embeddingGradientIsThatOfFloat64(ScalarType dtype, int n, int d, double scale) {
        torch.manual_seed(23);
        Tensor gradient = torch.randn(n, d).to(dtype);
        Tensor tokens = torch.rand(n).mul_(new Scalar(12)).to(ScalarType.Long);
        Tensor got = torch.randn(13, d).to(Arguments.accumulator(dtype));
        Tensor plain = got.clone();
        Tensor truth = got.to(ScalarType.Double);
        Tensor last = got.select(0, 12).clone();
        kernels().embeddingBackward(gradient, tokens, scale, got);
        new TorchKernels().embeddingBackward(gradient, tokens, scale, plain);
        new TorchKernels().embeddingBackward(gradient.to(ScalarType.Double), tokens, scale, truth);
        near("table", got, plain, truth, 2, 1e-6);
        assertThat(same(got.select(0, 12), last)).as("a row without a token").isTrue();
    }

    @Test
    default void embeddingGradientRefusesOtherShapes() {
        assertThatThrownBy(() ->
                        kernels().embeddingBackward(torch.zeros(2, 3), Tensors.indices(0, 1, 1), 1, torch.zeros(4, 3)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("tokens");
        assertThatThrownBy(() ->
                        kernels().embeddingBackward(torch.zeros(2, 3), Tensors.indices(0, 1), 1, torch.zeros(3, 4)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("table");
    }
}
