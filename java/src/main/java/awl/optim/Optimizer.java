package awl.optim;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// From gradients to new parameters, with a state that a checkpoint holds.
public interface Optimizer extends AutoCloseable {

    /// One update of all parameters.
    ///
    /// @param gradients in the order of the parameters, null where one took no part (its gradient is then zero).
    ///     May be scaled in place
    /// @param rate learning rate of this step
    /// @param divisor what gradients are divided by first, 0-d fp32
    /// @param skip 0-d fp32; where 1 nothing is changed: a step with a NaN leaves the weights as they were
    void step(List<@Nullable Tensor> gradients, double rate, Tensor divisor, Tensor skip);

    /// Ends what the last update left open, on a device by waiting for it: call this where the device has
    /// been waited for anyway.
    default void settle() {}

    /// Everything a checkpoint must hold to go on bit by bit: moments, masters and the count, by name. The same names
    /// and shapes however the state lies in memory.
    List<StateSection> state();

    @Override
    void close();
}
