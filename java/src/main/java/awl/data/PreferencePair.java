package awl.data;

import org.jspecify.annotations.Nullable;

/// Two answers to one prompt, the first preferred.
///
/// Each branch is a whole row with its own mask, so that whole trajectories can be compared with their
/// observations masked; [Example#weight] of a branch is 1.
///
/// @param id names the pair in errors and reports
/// @param weight what the pair counts
/// @param reference log-probabilities of the two branches under the reference model (sums over their weights),
///     where the row brings them along
/// @param where `file:line`, for messages
public record PreferencePair(
        String id,
        Example chosen,
        Example rejected,
        double weight,
        @Nullable LogProbs reference,
        String where) {

    /// @param chosen `sum_t w_t log p` of the preferred branch
    /// @param rejected of the other
    public record LogProbs(double chosen, double rejected) {}
}
