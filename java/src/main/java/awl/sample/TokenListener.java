package awl.sample;

import java.util.List;

/// Told of every token of an answer as it is chosen, on the thread that drives the generator: it must be
/// quick and must not throw.
public interface TokenListener {

    /// How many of the most probable tokens are wanted beside each chosen one; 0 costs nothing.
    default int alternatives() {
        return 0;
    }

    /// @param logProb natural logarithm of its probability under the model's own distribution, see [Completion]
    /// @param alternatives the most probable tokens, best first
    void token(int id, double logProb, List<Alternative> alternatives);

    /// A token that could have been chosen.
    ///
    /// @param logProb under the model's own distribution
    record Alternative(int id, double logProb) {}
}
