package awl.track;

import java.util.Map;

/// Told what a run measures, in the order of steps.
///
/// A run that is resumed behind step N begins with `begin(N)`: what was told of later steps by a run that was killed
/// comes again, and must not stand there twice.
public interface Tracker {

    /// Tells nobody.
    Tracker NONE = new Tracker() {
        @Override
        public void begin(long done) {}

        @Override
        public void record(long step, Map<String, Double> values) {}

        @Override
        public void flush() {}

        @Override
        public void end(End how) {}
    };

    /// How a run ended.
    enum End {
        /// All steps are done.
        FINISHED,
        /// A signal asked for a stop; it can be resumed.
        STOPPED,
        /// An error.
        FAILED
    }

    /// Comes first.
    ///
    /// @param done steps that are done and told already; -1 for a new run
    void begin(long done);

    /// Measurements of one step.
    ///
    /// @param values by name, such as `train/loss`; finite
    void record(long step, Map<String, Double> values);

    /// A checkpoint was made: what was told until now should last.
    void flush();

    /// Comes last.
    void end(End how);
}
