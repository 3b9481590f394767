package awl.data;

/// `J_Mix = alpha J_WKD + (1 - alpha) (lambda J_easy + (1 - lambda) J_hard)`.
///
/// @param alpha share of world knowledge, 0 to 1
/// @param lambda share of easy problems in the rest, 0 to 1
/// @param reduction how the tokens of a part become its loss
/// @param sampling how the shares are kept
public record Mixture(double alpha, double lambda, Reduction reduction, Sampling sampling) {

    /// How parts of different size get their shares.
    public enum Sampling {
        /// Every row once an epoch, with a weight.
        @com.fasterxml.jackson.annotation.JsonProperty("weighted")
        WEIGHTED,
        /// Rows of a part are drawn with the probability that is its share, with weight 1.
        @com.fasterxml.jackson.annotation.JsonProperty("stratified")
        STRATIFIED
    }

    /// What the loss of a part counts in the whole.
    public double share(Origin origin) {
        return switch (origin) {
            case KNOWLEDGE -> alpha;
            case EASY -> (1 - alpha) * lambda;
            case HARD -> (1 - alpha) * (1 - lambda);
        };
    }
}
