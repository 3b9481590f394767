package awl.optim;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// A part of a run's state as a checkpoint holds it: tensors by name, whose contents may have to be brought together
/// first. Sections are collected one after the other, so that they may share memory.
///
/// @param tensors valid between `collect` and the next section's
/// @param collect fills them; where there are several ranks, all of them call it
/// @param spread takes up what was read into them
public record StateSection(Map<String, Tensor> tensors, Runnable collect, Runnable spread) {

    private static final Runnable NOTHING = () -> {};

    /// Live tensors, all in this process. They stay what they are until the next update.
    public static StateSection of(Map<String, Tensor> live) {
        return new StateSection(live, NOTHING, NOTHING);
    }

    /// Whether the tensors are the run's own and not memory they are brought together in.
    public boolean isLive() {
        return collect == NOTHING;
    }
}
