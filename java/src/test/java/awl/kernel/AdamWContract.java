package awl.kernel;

import static awl.kernel.Accuracy.near;
import static awl.kernel.Accuracy.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#adamW] must satisfy.
interface AdamWContract {

    Kernels kernels();

    private static Tensor scalar(double value) {
        return Tensors.floats((float) value).squeeze();
    }

    /// A matrix, a vector, one number and none, all of them moved before; the matrix and the vector with bf16 copies.
    private static List<AdamWTensors> model() {
        torch.manual_seed(21);
        List<AdamWTensors> model = new ArrayList<>();
        for (long[] shape : new long[][] {{33, 57}, {4099}, {1}, {0, 5}}) {
            model.add(new AdamWTensors(
                    torch.randn(shape),
                    torch.randn(shape),
                    torch.randn(shape).mul_(new Scalar(0.1)),
                    torch.rand(shape),
                    model.size() < 2 ? torch.zeros(shape).to(ScalarType.BFloat16) : null,
                    model.isEmpty() ? 0.1 : 0));
        }
        return model;
    }

    private static AdamWTensors wide(AdamWTensors each) {
        return new AdamWTensors(
                each.value().to(ScalarType.Double),
                each.gradient().to(ScalarType.Double),
                each.first().to(ScalarType.Double),
                each.second().to(ScalarType.Double),
                null,
                each.decay());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 3.7", "2, 1", "1000, 20000"})
    default void adamWIsThatOfFloat64(long number, float divisor) {
        AdamWStep step = new AdamWStep(number, 1e-2, 0.9, 0.95, 1e-8);
        List<AdamWTensors> got = model();
        List<AdamWTensors> plain = model();
        List<AdamWTensors> truth = model().stream().map(AdamWContract::wide).toList();
        Tensor gradient = got.getFirst().gradient().clone();
        kernels().adamW(got, step, scalar(divisor), scalar(0));
        new TorchKernels().adamW(plain, step, scalar(divisor), scalar(0));
        new TorchKernels().adamW(truth, step, scalar(divisor), scalar(0));
        for (int i = 0; i < got.size(); i++) {
            near("value", got.get(i).value(), plain.get(i).value(), truth.get(i).value(), 2, 1e-7);
            near("first", got.get(i).first(), plain.get(i).first(), truth.get(i).first(), 2, 1e-7);
            near(
                    "second",
                    got.get(i).second(),
                    plain.get(i).second(),
                    truth.get(i).second(),
                    2,
                    1e-7);
            Tensor rounded = got.get(i).rounded();
            if (rounded != null) {
                assertThat(same(rounded, got.get(i).value().to(ScalarType.BFloat16)))
                        .isTrue();
            }
        }
        assertThat(same(got.getFirst().gradient(), gradient)).isTrue();
    }

    @Test
    default void adamWToBeSkippedChangesNothing() {
        List<AdamWTensors> got = model();
        List<AdamWTensors> before = model();
        got.getFirst().gradient().fill_(new Scalar(Double.NaN));
        kernels().adamW(got, new AdamWStep(3, 1, 0.9, 0.95, 1e-8), scalar(Double.NaN), scalar(1));
        for (int i = 0; i < got.size(); i++) {
            assertThat(same(got.get(i).value(), before.get(i).value())).isTrue();
            assertThat(same(got.get(i).first(), before.get(i).first())).isTrue();
            assertThat(same(got.get(i).second(), before.get(i).second())).isTrue();
        }
        kernels().adamW(List.of(), new AdamWStep(3, 1, 0.9, 0.95, 1e-8), scalar(1), scalar(0));
    }

    @Test
    default void adamWRefusesTensorsThatDoNotFit() {
        AdamWStep step = new AdamWStep(1, 1, 0.9, 0.95, 1e-8);
        Tensor four = torch.zeros(4);
        assertThatThrownBy(() -> kernels()
                        .adamW(
                                List.of(
                                        new AdamWTensors(four, four, four, four, null, 0),
                                        new AdamWTensors(four, torch.zeros(5), four, four, null, 0)),
                                step,
                                scalar(1),
                                scalar(0)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining(
                        "gradient of tensor 1: expected 4 contiguous numbers of dtype Float, got Float of");
        assertThatThrownBy(() -> kernels()
                        .adamW(
                                List.of(new AdamWTensors(four, four, four, four, torch.zeros(4), 0)),
                                step,
                                scalar(1),
                                scalar(0)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("rounded of tensor 0");
        assertThatThrownBy(() -> kernels().adamW(List.of(), step, torch.ones(1), scalar(0)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("divisor");
    }
}
