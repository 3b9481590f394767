package awl.optim;

import awl.kernel.AdamWStep;
import awl.kernel.AdamWTensors;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.DispatchKey;

/// AdamW by libtorch's `aten::_fused_adamw_`: one pass over value, gradient and moments, clipping included. It
/// is not in the binding's generated methods, so it is called through the dispatcher.
public final class FusedAdamW implements AdamWRule {

    private static final String OPERATOR = "aten::_fused_adamw_";

    private final OperatorHandle operator;

    public FusedAdamW() {
        try (PointerScope scope = new PointerScope()) {
            operator = Dispatcher.singleton().findSchemaOrThrow(OPERATOR, "");
            operator.retainReference();
        }
    }

    /// Whether this libtorch has the kernel for the processor's main memory.
    static boolean available() {
        try (PointerScope scope = new PointerScope()) {
            return Dispatcher.singleton()
                    .findSchemaOrThrow(OPERATOR, "")
                    .hasComputedKernelForDispatchKey(DispatchKey.CPU);
        } catch (RuntimeException e) {
            return false;
        }
    }

    @Override
    public void update(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip) {
        try (PointerScope outer = new PointerScope()) {
            Tensor count = divisor.clone().fill_(new Scalar((double) step.number()));
            for (AdamWTensors each : tensors) {
                try (PointerScope scope = new PointerScope()) {
                    update(each, step, count, divisor, skip);
                    Tensor rounded = each.rounded();
                    if (rounded != null) {
                        rounded.copy_(each.value());
                    }
                }
            }
        }
    }

    private void update(AdamWTensors target, AdamWStep step, Tensor count, Tensor divisor, Tensor skip) {
        IValueVector stack = new IValueVector();
        stack.push_back(list(target.value()));
        stack.push_back(list(target.gradient()));
        stack.push_back(list(target.first()));
        stack.push_back(list(target.second()));
        stack.push_back(list()); // max_exp_avg_sqs: amsgrad only
        stack.push_back(list(count));
        for (double number : new double[] {step.rate(), step.beta1(), step.beta2(), target.decay(), step.epsilon()}) {
            stack.push_back(new IValue(number));
        }
        stack.push_back(new IValue(false)); // amsgrad
        stack.push_back(new IValue(false)); // maximize
        stack.push_back(new IValue(divisor)); // grad_scale
        stack.push_back(new IValue(skip)); // found_inf
        operator.callBoxed(stack);
    }

    /// A list as the dispatcher wants it. `new IValue(TensorVector)` would compile to a pointer cast and be
    /// garbage.
    private static IValue list(Tensor... tensors) {
        TensorList list = new TensorList(new TensorVector(tensors));
        return new IValue(new GenericList((Pointer) list));
    }

    @Override
    public String name() {
        return "libtorch _fused_adamw_";
    }
}
