package awl.tensor;

import org.bytedeco.pytorch.Scalar;

/// Constants that libtorch takes as objects, made once: one costs about a microsecond, as much as a small operation.
public final class Scalars {

    public static final Scalar ZERO = of(0);
    public static final Scalar ONE = of(1);
    public static final Scalar MINUS_ONE = of(-1);
    public static final Scalar TWO = of(2);

    private Scalars() {}

    /// A scalar that belongs to no scope, for a field that lives as long as the model.
    public static Scalar of(double value) {
        Scalar scalar = new Scalar(value);
        scalar.retainReference();
        return scalar;
    }
}
