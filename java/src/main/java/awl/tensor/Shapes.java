package awl.tensor;

import awl.ShapeException;
import java.util.Arrays;
import java.util.StringJoiner;
import org.bytedeco.pytorch.Tensor;

/// Checks and texts about tensor shapes.
public final class Shapes {

    private Shapes() {}

    /// Fails with *hidden: expected (N=512, D=576) got (512, 64)* unless the tensor has exactly this shape.
    ///
    /// @param axes letters of the legend in this package's documentation, one a size, as in `"ND"`
    public static void require(Tensor tensor, String name, String axes, long... expected) {
        boolean same = tensor.dim() == expected.length;
        for (int i = 0; same && i < expected.length; i++) {
            same = tensor.size(i) == expected[i];
        }
        if (!same) {
            StringJoiner wanted = new StringJoiner(", ", "(", ")");
            for (int i = 0; i < expected.length; i++) {
                wanted.add((i < axes.length() ? axes.charAt(i) + "=" : "") + expected[i]);
            }
            throw new ShapeException(name + ": expected " + wanted + " got " + text(of(tensor)));
        }
    }

    /// The sizes of a tensor.
    public static long[] of(Tensor tensor) {
        long[] shape = new long[(int) tensor.dim()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = tensor.size(i);
        }
        return shape;
    }

    /// A shape as errors show it: `(512, 64)`.
    public static String text(long... shape) {
        return Arrays.toString(shape).replace('[', '(').replace(']', ')');
    }

    /// Number of elements.
    public static long count(long... shape) {
        long count = 1;
        for (long size : shape) {
            count = Math.multiplyExact(count, size);
        }
        return count;
    }
}
