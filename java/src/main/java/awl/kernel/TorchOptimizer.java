package awl.kernel;

import static org.bytedeco.pytorch.global.torch.linalg_vector_norm;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// AdamW and the sum of squares in single libtorch operations.
final class TorchOptimizer {

    private static final long ROW = 4096;

    private TorchOptimizer() {}

    static void adamW(AdamWTensors tensors, AdamWStep step, Tensor divisor) {
        Tensor gradient = tensors.gradient().div(divisor);
        tensors.value().mul_(new Scalar(1 - step.rate() * tensors.decay()));
        tensors.first().lerp_(gradient, new Scalar(1 - step.beta1()));
        tensors.second()
                .mul_(new Scalar(step.beta2()))
                .addcmul_(gradient, gradient, new Scalar(1 - step.beta2()));
        Tensor denominator = tensors.second()
                .sqrt()
                .div_(new Scalar(Math.sqrt(step.correction2())))
                .add_(new Scalar(step.epsilon()));
        tensors.value().addcdiv_(tensors.first(), denominator, new Scalar(-step.rate() / step.correction1()));
        Tensor rounded = tensors.rounded();
        if (rounded != null) {
            rounded.copy_(tensors.value());
        }
    }

    /// libtorch sums a tensor's squares in fp32: on 28 million elements it was off by 3e-3. So rows of 4096 are summed
    /// in fp32 and their sums in fp64, which costs a third more time and is exact to 1e-9.
    static void addSquares(List<Tensor> tensors, Tensor total) {
        Scalar two = new Scalar(2.0);
        for (Tensor tensor : tensors) {
            try (PointerScope _ = new PointerScope()) {
                long count = tensor.numel();
                long rows = count / ROW;
                Tensor flat = tensor.view(-1);
                if (rows > 0) {
                    addSquares(total, flat.narrow(0, 0, rows * ROW).view(rows, ROW), two);
                }
                if (count > rows * ROW) {
                    addSquares(
                            total,
                            flat.narrow(0, rows * ROW, count - rows * ROW).view(1, -1),
                            two);
                }
            }
        }
    }

    private static void addSquares(Tensor total, Tensor matrix, Scalar two) {
        ScalarType sums = Arguments.accumulator(Arguments.dtype(matrix));
        Tensor norms = linalg_vector_norm(matrix, two, new long[] {1}, false, new ScalarTypeOptional(sums));
        total.add_(norms.to(ScalarType.Double).square_().sum());
    }
}
