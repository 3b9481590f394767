package awl.tensor;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.jspecify.annotations.Nullable;

/// A libtorch operation that has no Java method, called through libtorch's dispatcher.
///
/// Arguments stand in the order of the operation's schema, every one of them: a `Tensor`, `Double`, `Boolean`,
/// `Long`, `Scalar`, or null for None. It costs two or three microseconds more than a bound method.
public final class Operator {

    private final OperatorHandle handle;

    private Operator(OperatorHandle handle) {
        this.handle = handle;
    }

    /// Looks an operation up, for a static field.
    ///
    /// @param name such as `aten::_fused_adamw_`
    /// @param overload such as `Tensor`; empty for the plain one
    public static Operator named(String name, String overload) {
        OperatorHandle handle = Dispatcher.singleton().findSchemaOrThrow(name, overload);
        handle.retainReference();
        return new Operator(handle);
    }

    /// Calls it. The results belong to the caller's scope.
    public Tensor[] call(@Nullable Object... arguments) {
        try (TensorScope scope = TensorScope.open()) {
            IValueVector stack = new IValueVector();
            for (Object argument : arguments) {
                stack.push_back(wrap(argument));
            }
            handle.callBoxed(stack);
            Tensor[] results = new Tensor[(int) stack.size()];
            for (int i = 0; i < results.length; i++) {
                // What the stack hands out is a reference into it; this is a handle of our own on the same tensor.
                results[i] = scope.keep(new Tensor((TensorBase) stack.get(i).toTensor()));
            }
            return results;
        }
    }

    private static IValue wrap(@Nullable Object argument) {
        return switch (argument) {
            case null -> new IValue();
            case Tensor tensor -> new IValue(tensor);
            case Double number -> new IValue(number.doubleValue());
            case Boolean flag -> new IValue(flag.booleanValue());
            case Long number -> new IValue(number.longValue());
            case Scalar scalar -> new IValue(scalar);
            default -> throw new IllegalArgumentException("no operator argument: " + argument.getClass());
        };
    }
}
