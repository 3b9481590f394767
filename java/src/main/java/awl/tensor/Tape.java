package awl.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// What was computed forwards, so that it can be gone through backwards.
///
/// The model is a list of operations, each with an explicit backward function; libtorch's autograd is not used. An
/// operation computes its output, then tells the tape which tensors its backward reads, and a function that adds to
/// the gradients of its inputs ([Value]) and parameters ([Parameter]). What is saved is exactly what is named, and it
/// is freed as soon as the last operation that named it has run backwards. A value used twice gets the sum.
///
/// Everything saved belongs to the scope that was open when the tape was made (the micro-batch), so a tape that is
/// never run backwards leaks nothing. One thread, one [#backward].
public final class Tape {

    /// Backward half of an operation. Temporaries it makes are freed behind it.
    @FunctionalInterface
    public interface Backward {

        /// @param output gradient of the operation's output
        void run(Gradient output);
    }

    /// A part of a model from one value to one value, such as a decoder block.
    @FunctionalInterface
    public interface Part {
        Value forward(Tape tape, Value input);
    }

    private record Operation(Value output, Backward backward, Tensor[] saved) {}

    private final boolean recording;
    private final boolean training;
    private final @Nullable PointerScope home = PointerScope.getInnerScope();
    private final List<Operation> operations = new ArrayList<>();
    private final Map<Tensor, Integer> uses = new IdentityHashMap<>();

    private Tape(boolean recording, boolean training) {
        this.recording = recording;
        this.training = training;
    }

    /// A tape for one training micro-batch.
    public static Tape recording() {
        return new Tape(true, true);
    }

    /// Remembers nothing: inference and evaluation.
    public static Tape none() {
        return new Tape(false, false);
    }

    /// Whether operations have to save what their backward needs.
    public boolean isRecording() {
        return recording;
    }

    /// Whether this is training (dropout is on), recorded now or to be computed again.
    public boolean isTraining() {
        return training;
    }

    /// A value whose gradient is wanted although no operation on this tape made it.
    public Value variable(Tensor tensor) {
        return recording ? new Value(this, tensor) : Value.constant(tensor);
    }

    /// Whether an operation with these inputs has anything to do backwards.
    ///
    /// @param trainable whether a parameter of the operation itself is trained
    public boolean records(boolean trainable, Value... inputs) {
        return recording && (trainable || Arrays.stream(inputs).anyMatch(Value::needsGradient));
    }

    /// Notes an operation; ask [#records] first.
    ///
    /// @param saved what `backward` reads and would not live otherwise: inputs, output, temporaries. Not parameters
    ///     and not the batch: what is named is freed on the way back. Several operations may name one tensor
    public Value operation(Tensor output, Backward backward, Tensor... saved) {
        Value value = new Value(this, output);
        for (Tensor tensor : saved) {
            if (uses.merge(tensor, 1, Integer::sum) == 1) {
                hold(tensor);
            }
        }
        operations.add(new Operation(value, backward, saved));
        return value;
    }

    /// `x + branch`, the residual sum.
    public Value add(Value x, Value branch) {
        return sum(torch.add(x.tensor(), branch.tensor()), x, branch);
    }

    /// A residual sum that a kernel has made. One buffer is the gradient of both.
    ///
    /// @param sum `x + branch`; may lie in the branch's memory, where nobody else reads it
    public Value sum(Tensor sum, Value x, Value branch) {
        if (!records(false, x, branch)) {
            return Value.constant(sum);
        }
        return operation(sum, gradient -> {
            branch.share(gradient);
            x.share(gradient);
        });
    }

    /// Runs a part, keeping only its input: the backward pass computes the part again (Chen et al. 2016).
    public Value recomputed(Value input, Part part) {
        if (!recording) {
            return part.forward(this, input);
        }
        Tensor output;
        try (TensorScope scope = TensorScope.open()) {
            output = scope.keep(part.forward(new Tape(false, training), Value.constant(input.tensor()))
                    .tensor());
        }
        Tensor from = input.tensor();
        return operation(
                output,
                gradient -> {
                    Tape again = recording();
                    Value start = input.needsGradient() ? again.variable(from) : Value.constant(from);
                    Value end = part.forward(again, start);
                    again.run(end, gradient.tensor());
                    Gradient below = start.gradient();
                    if (below != null && below.tensor() == gradient.tensor()) {
                        input.share(gradient);
                    } else if (below != null) {
                        input.accumulate(below.tensor());
                    }
                },
                from);
    }

    /// Goes through the recorded operations from the last to the first, once.
    ///
    /// @param outputGradient gradient of the last operation's output; only read
    public void backward(Tensor outputGradient) {
        if (operations.isEmpty()) {
            throw new IllegalStateException(
                    recording ? "nothing trainable was recorded, or backward has run before" : "not a recording tape");
        }
        run(operations.getLast().output, outputGradient);
    }

    private void run(Value last, Tensor outputGradient) {
        if (!last.needsGradient()) {
            return;
        }
        Gradient first = new Gradient(outputGradient);
        first.retain(); // the caller's: never written to, never freed here
        last.gradient(first);
        for (int i = operations.size() - 1; i >= 0; i--) {
            Operation operation = operations.get(i);
            Gradient gradient = operation.output.gradient();
            if (gradient != null) {
                operation.output.gradient(null);
                try (TensorScope scope = TensorScope.open()) {
                    operation.backward.run(gradient);
                }
                if (gradient.release()) {
                    gradient.tensor().deallocate();
                }
            }
            for (Tensor tensor : operation.saved) {
                if (uses.merge(tensor, -1, Integer::sum) == 0) {
                    uses.remove(tensor);
                    tensor.deallocate();
                }
            }
        }
        operations.clear();
    }

    Tensor hold(Tensor tensor) {
        if (home == null) {
            tensor.retainReference();
        } else {
            home.attach(tensor);
        }
        return tensor;
    }
}
