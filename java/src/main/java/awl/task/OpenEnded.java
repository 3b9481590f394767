package awl.task;

/// A set that asks for proposals (how to spend a budget, which plan to follow) and scores them.
public interface OpenEnded {

    /// @param problem whose gold is [Gold.Open]
    /// @param reply as the model wrote it
    Score score(Problem problem, String reply);

    /// @param valid whether the proposal can be read and keeps the rules of the question
    /// @param value of the metric; NaN where it is not valid
    /// @param reason why it is not valid; empty where it is
    record Score(boolean valid, double value, String reason) {

        public static Score invalid(String reason) {
            return new Score(false, Double.NaN, reason);
        }

        public static Score of(double value) {
            return new Score(true, value, "");
        }
    }
}
