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

/// What every implementation of [Kernels#gated] and its gradient must satisfy.
interface GateContract {

    Kernels kernels();

    @ParameterizedTest
    @CsvSource({
        "Float, 1, 1, SILU", "Float, 5, 33, SILU", "Float, 40, 96, TANH_GELU", "Float, 0, 8, SILU",
        "BFloat16, 7, 50, SILU", "BFloat16, 3, 17, TANH_GELU", "Double, 4, 9, SILU", "Double, 4, 9, TANH_GELU"
    })
    default void gatesAndTheirGradientsAreThoseOfAutograd(ScalarType dtype, int n, int f, Activation activation) {
        Tensor both = torch.randn(n, 2 * f).mul_(new Scalar(3.0)).to(dtype);
        Tensor upstream = torch.randn(n, f).to(dtype);
        Tensor exact = both.to(ScalarType.Double).detach().set_requires_grad(true);
        Tensor gate = exact.narrow(1, 0, f);
        Tensor value = activation == Activation.SILU ? torch.silu(gate) : torch.gelu(gate, "tanh");
        Tensor expected = value.mul(exact.narrow(1, f, f));
        expected.mul(upstream.to(ScalarType.Double)).sum().backward();
        Tensor out = torch.empty_like(upstream);
        Tensor below = torch.empty_like(both);
        kernels().gated(both, activation, out);
        kernels().gatedBackward(upstream, both, activation, below);
        double unit = dtype == ScalarType.BFloat16 ? 3e-2 : 4e-6;
        // 1 + tanh cancels where the gate is far below zero, and gradients there are multiplied by numbers around 30.
        double slack = 10 * unit;
        assertThat(torch.allclose(out.to(ScalarType.Double), expected.detach(), unit, slack, false))
                .isTrue();
        assertThat(torch.allclose(below.to(ScalarType.Double), exact.grad(), unit, slack, false))
                .isTrue();
    }

    @Test
    default void gatesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> kernels().gated(torch.randn(2, 5), Activation.SILU, torch.empty(2, 2)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("gate and up of one width, got 5 columns");
        assertThatThrownBy(() -> kernels()
                        .gatedBackward(torch.randn(2, 3), torch.randn(2, 4), Activation.SILU, torch.empty(2, 4)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("gradient: expected (N, F)");
    }
}
