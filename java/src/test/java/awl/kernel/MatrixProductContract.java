package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import awl.ShapeException;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every implementation of [Kernels#matrixProduct] must satisfy.
interface MatrixProductContract {

    Kernels kernels();

    /// Operands of one dtype.
    static Stream<org.junit.jupiter.params.provider.Arguments> alike() {
        return Stream.of(
                arguments(ScalarType.Float, ScalarType.Float, ScalarType.Float, 1, 1, 1),
                arguments(ScalarType.Float, ScalarType.Float, ScalarType.Float, 7, 321, 17),
                arguments(ScalarType.Float, ScalarType.Float, ScalarType.Float, 130, 64, 200),
                arguments(ScalarType.Float, ScalarType.Float, ScalarType.Float, 3, 0, 5),
                arguments(ScalarType.Double, ScalarType.Double, ScalarType.Double, 31, 40, 9),
                arguments(ScalarType.BFloat16, ScalarType.BFloat16, ScalarType.Float, 33, 65, 18),
                arguments(ScalarType.BFloat16, ScalarType.BFloat16, ScalarType.BFloat16, 33, 65, 18));
    }

    /// Also float32 beside bfloat16.
    static Stream<org.junit.jupiter.params.provider.Arguments> all() {
        return Stream.concat(
                alike(),
                Stream.of(
                        arguments(ScalarType.Float, ScalarType.BFloat16, ScalarType.Float, 40, 17, 33),
                        arguments(ScalarType.BFloat16, ScalarType.Float, ScalarType.BFloat16, 7, 321, 16)));
    }

    @ParameterizedTest
    @MethodSource("awl.kernel.MatrixProductContract#all")
    default void matrixProductsAreThoseOfFloat64(
            ScalarType leftType, ScalarType rightType, ScalarType outType, int n, int k, int m) {
        for (int turned = 0; turned < 4; turned++) {
            Tensor left =
                    (turned & 1) == 0 ? torch.randn(n, k) : torch.randn(k, n).t();
            Tensor right =
                    (turned & 2) == 0 ? torch.randn(k, m) : torch.randn(m, k).t();
            left = left.to(leftType);
            right = right.to(rightType);
            Tensor exact = left.to(ScalarType.Double).mm(right.to(ScalarType.Double));
            Tensor size = left.to(ScalarType.Double)
                    .abs()
                    .mm(right.to(ScalarType.Double).abs());
            // Rows of a wider matrix; what stands beside them must stay.
            Tensor wide = torch.randn(n, m + 3).to(outType);
            Tensor before = wide.clone();
            Tensor out = wide.narrow(1, 1, m);
            kernels().matrixProduct(left, right, 1, false, out);
            within(out, exact, size);
            kernels().matrixProduct(left, right, -0.5, true, out);
            within(out, exact.mul(new Scalar(0.5)), size);
            kernels().matrixProduct(left, right, 2, false, out);
            within(out, exact.mul(new Scalar(2.0)), size.mul(new Scalar(2.0)));
            assertThat(torch.equal(wide.narrow(1, 0, 1), before.narrow(1, 0, 1)))
                    .isTrue();
            assertThat(torch.equal(wide.narrow(1, m + 1, 2), before.narrow(1, m + 1, 2)))
                    .isTrue();
        }
    }

    /// A pair beside a product; ranks beyond what kernels take into one pass too.
    @ParameterizedTest
    @MethodSource("awl.kernel.MatrixProductContract#alike")
    default void lowRankProductsAreThoseOfFloat64(
            ScalarType leftType, ScalarType rightType, ScalarType outType, int n, int k, int m) {
        for (int rank : new int[] {1, 16, 321}) {
            Tensor left = torch.randn(n, k).to(leftType);
            Tensor right = torch.randn(m, k).to(rightType).t();
            Tensor low = torch.randn(n, rank).to(leftType);
            Tensor up = torch.randn(m, rank).to(rightType).t();
            Tensor exact = wide(left).mm(wide(right)).add(wide(low).mm(wide(up)));
            Tensor size =
                    wide(left).abs().mm(wide(right).abs()).add(wide(low).abs().mm(wide(up).abs()));
            // Where the pair is a product of its own it is rounded by itself, too.
            Tensor slack = size.mul(new Scalar(outType == ScalarType.BFloat16 ? 2000.0 : 1.0));
            Tensor out = torch.randn(n, m).to(outType);
            kernels().lowRankProduct(left, right, low, up, false, out);
            within(out, exact, slack);
            Tensor before = wide(out).clone();
            kernels().lowRankProduct(left, right, low, up, true, out);
            within(out, exact.add(before), slack.add(before.abs()));
        }
    }

    private static Tensor wide(Tensor tensor) {
        return tensor.to(ScalarType.Double);
    }

    /// Off by no more than a few roundings of the terms' absolute values, and of the result where it is bfloat16.
    private static void within(Tensor out, Tensor exact, Tensor size) {
        double rounding = Arguments.dtype(out) == ScalarType.BFloat16 ? 1.0 / 128 : 0;
        Tensor bound = size.mul(new Scalar(2e-6))
                .add_(exact.abs(), new Scalar(rounding))
                .add_(new Scalar(1e-30));
        Tensor error = out.to(ScalarType.Double).sub(exact).abs();
        assertThat(error.le(bound).all().item_bool()).isTrue();
    }

    @Test
    default void matricesThatDoNotFitAreRefused() {
        assertThatThrownBy(() ->
                        kernels().matrixProduct(torch.randn(2, 3), torch.randn(4, 5), 1, false, torch.empty(2, 5)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("expected (N, K), (K, M) and (N, M), got (2, 3), (4, 5) and (2, 5)");
        assertThatThrownBy(() -> kernels()
                        .matrixProduct(
                                torch.randn(2, 3),
                                torch.randn(3, 5).to(ScalarType.Double),
                                1,
                                false,
                                torch.empty(2, 5)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("expected float32 and bfloat16, or float64 alone");
    }
}
