package awl.kernel;

import awl.ShapeException;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Checks at the public entries of the kernels: argument, expectation and finding in one line.
final class Arguments {

    private Arguments() {}

    static ScalarType dtype(Tensor tensor) {
        // JavaCPP returns a fresh enum object; only interned ones compare by identity.
        return tensor.scalar_type().intern();
    }

    static void shape(Tensor tensor, String name, String axes, long... expected) {
        long[] got = tensor.sizes().vec().get();
        if (!Arrays.equals(got, expected)) {
            throw new ShapeException("%s: expected %s = %s got %s"
                    .formatted(name, axes, Arrays.toString(expected), Arrays.toString(got)));
        }
    }

    static void rank(Tensor tensor, String name, String axes, int rank) {
        if (tensor.dim() != rank) {
            throw new ShapeException("%s: expected %s, got %s"
                    .formatted(name, axes, Arrays.toString(tensor.sizes().vec().get())));
        }
    }

    static void dtype(Tensor tensor, String name, ScalarType... allowed) {
        ScalarType got = dtype(tensor);
        if (!Arrays.asList(allowed).contains(got)) {
            throw new ShapeException("%s: expected dtype %s got %s".formatted(name, Arrays.toString(allowed), got));
        }
    }

    static void dense(Tensor tensor, String name) {
        if (!tensor.is_contiguous()) {
            throw new ShapeException("%s: expected a contiguous tensor, got strides %s"
                    .formatted(name, Arrays.toString(tensor.strides().vec().get())));
        }
    }

    /// Dtype in which sums over `storage` values run and gradients of parameters are kept.
    static ScalarType accumulator(ScalarType storage) {
        return storage == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
    }
}
