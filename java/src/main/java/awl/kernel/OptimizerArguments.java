package awl.kernel;

import awl.ShapeException;
import awl.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Shapes and dtypes of [Kernels#adamW], [Kernels#squaredNorm] and [Kernels#embeddingBackward], checked the
/// same way by every implementation.
final class OptimizerArguments {

    private OptimizerArguments() {}

    static void adamW(List<AdamWTensors> tensors, Tensor divisor, Tensor skip) {
        scalar(divisor, "divisor");
        scalar(skip, "skip");
        for (int i = 0; i < tensors.size(); i++) {
            AdamWTensors each = tensors.get(i);
            ScalarType dtype = Arguments.dtype(each.value());
            if (dtype != ScalarType.Float && dtype != ScalarType.Double) {
                throw new ShapeException(
                        "value of tensor %d: expected dtype Float or Double, got %s".formatted(i, dtype));
            }
            like(each.value(), "value", i, each.value(), dtype);
            like(each.gradient(), "gradient", i, each.value(), dtype);
            like(each.first(), "first", i, each.value(), dtype);
            like(each.second(), "second", i, each.value(), dtype);
            Tensor rounded = each.rounded();
            if (rounded != null) {
                like(rounded, "rounded", i, each.value(), ScalarType.BFloat16);
            }
        }
    }

    static void squaredNorm(List<Tensor> tensors) {
        for (int i = 0; i < tensors.size(); i++) {
            Tensor each = tensors.get(i);
            if (!each.is_floating_point() || !each.is_contiguous()) {
                throw new ShapeException("tensor %d: expected contiguous floating-point numbers, got %s of strides %s"
                        .formatted(
                                i,
                                Arguments.dtype(each),
                                Arrays.toString(each.strides().vec().get())));
            }
        }
    }

    /// Where a sum over the tensors goes: a zero on their device.
    static Tensor sum(List<Tensor> tensors) {
        return tensors.isEmpty()
                ? Tensors.zeros(ScalarType.Double)
                : Tensors.zerosBeside(tensors.getFirst(), ScalarType.Double);
    }

    static void embeddingBackward(Tensor gradient_ND, Tensor tokens_N, Tensor table_VD) {
        Arguments.rank(gradient_ND, "gradient", "(N, D)", 2);
        Arguments.dtype(gradient_ND, "gradient", ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        Arguments.shape(tokens_N, "tokens", "(N)", gradient_ND.size(0));
        Arguments.dtype(tokens_N, "tokens", ScalarType.Long);
        Arguments.dense(tokens_N, "tokens");
        Arguments.rank(table_VD, "table", "(V, D)", 2);
        Arguments.shape(table_VD, "table", "(V, D)", table_VD.size(0), gradient_ND.size(1));
        Arguments.dtype(table_VD, "table", Arguments.accumulator(Arguments.dtype(gradient_ND)));
    }

    private static void scalar(Tensor tensor, String name) {
        Arguments.rank(tensor, name, "a number", 0);
        Arguments.dtype(tensor, name, ScalarType.Float);
    }

    // By number of elements: a list may have hundreds of tensors, and reading a shape costs more than all else here.
    private static void like(@Nullable Tensor tensor, String name, int index, Tensor value, ScalarType dtype) {
        if (tensor == null
                || tensor.numel() != value.numel()
                || !tensor.is_contiguous()
                || Arguments.dtype(tensor) != dtype) {
            throw new ShapeException("%s of tensor %d: expected %d contiguous numbers of dtype %s, got %s"
                    .formatted(name, index, value.numel(), dtype, tensor == null ? "none" : found(tensor)));
        }
    }

    private static String found(Tensor tensor) {
        return "%s of shape %s, strides %s"
                .formatted(
                        Arguments.dtype(tensor),
                        Arrays.toString(tensor.sizes().vec().get()),
                        Arrays.toString(tensor.strides().vec().get()));
    }
}
