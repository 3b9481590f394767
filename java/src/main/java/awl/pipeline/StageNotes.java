package awl.pipeline;

import java.util.function.IntConsumer;

/// Whom a stage tells how it fares.
interface StageNotes {

    /// A line for people.
    void say(String line);

    /// Told how many are done, now and then.
    IntConsumer progress(String what, int count);
}
