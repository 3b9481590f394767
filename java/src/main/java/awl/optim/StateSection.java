package awl.optim;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// A part of a run's state as a checkpoint holds it: tensors by name, whose contents may have to be brought together
/// first. Sections are collected one after the other, so that they may share memory.
///
/// @param tensors valid between `collect` and the next section's
/// @param live whether they are the run's own, which stay what they are until the next update, and not memory they are
///     brought together in
/// @param collect fills them; where there are several ranks, all of them call it
/// @param spread takes up what was read into them
public record StateSection(Map<String, Tensor> tensors, boolean live, Runnable collect, Runnable spread) {

    private static final Runnable NOTHING = () -> {};

    /// Tensors that always hold what they should, all in this process.
    public static StateSection of(Map<String, Tensor> live) {
        return new StateSection(live, true, NOTHING, NOTHING);
    }
}
