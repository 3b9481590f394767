package awl.data;

import java.util.List;

/// The rows of a run and what each counts: what [BatchStream] cuts into steps.
public interface StepRows {

    /// Rows (or pairs) an epoch shows.
    int size();

    /// Which rows an epoch shows, in order; a pure function of the epoch's number.
    int[] order(long epoch);

    /// Whether an epoch's steps are to be as equal in size as can be, instead of full ones with a smaller one
    /// at the end.
    default boolean evenSteps() {
        return false;
    }

    /// The documents of one step with their final weights.
    ///
    /// @param rows indices of its rows
    /// @param stepsPerEpoch number of steps an epoch is cut into
    StepContent content(int[] rows, long stepsPerEpoch);

    /// All rows as one step, in the order given: validation.
    default StepContent all() {
        return content(java.util.stream.IntStream.range(0, size()).toArray(), 1);
    }

    /// All rows (of pairs both branches), in the order given: for counting, and for a fingerprint.
    List<Example> examples();
}
