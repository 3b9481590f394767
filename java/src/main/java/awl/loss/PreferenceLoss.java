package awl.loss;

/// The loss of one preference pair from four log-probabilities, and its slopes.
///
/// With `m = (log p(chosen) - reference(chosen)) - (log p(rejected) - reference(rejected))`:
///
/// - [Kind#SIGMOID] is DPO (Rafailov et al., arXiv 2305.18290): `-log sigmoid(beta m)`.
/// - [Kind#IPO] (Azar et al., arXiv 2310.12036): `(m - 1 / (2 beta))^2`, on log-probabilities that are averaged over
///   each branch's weights, so that length does not count.
///
/// An optional term `- supervised * log p(chosen) / (its weights)` keeps the chosen answer likely (Pang et al., arXiv
/// 2404.19733).
///
/// @param beta strength of the reference
/// @param supervised what the negative log-likelihood of the chosen branch counts, a mean over its weights
public record PreferenceLoss(Kind kind, double beta, double supervised) {

    public enum Kind {
        SIGMOID,
        IPO
    }

    /// @param loss of the pair
    /// @param margin `m`
    /// @param chosenSlope derivative by `log p(chosen)`, a sum
    /// @param rejectedSlope derivative by `log p(rejected)`
    public record Result(double loss, double margin, double chosenSlope, double rejectedSlope) {}

    /// One branch.
    ///
    /// @param logProb `sum_t w_t log p` under the policy
    /// @param reference the same under the reference model
    /// @param weight `sum_t w_t`
    public record Branch(double logProb, double reference, double weight) {}

    /// The loss of a pair.
    public Result of(Branch chosen, Branch rejected) {
        boolean average = kind == Kind.IPO;
        double chosenLength = average ? chosen.weight : 1;
        double rejectedLength = average ? rejected.weight : 1;
        double margin = (chosen.logProb - chosen.reference) / chosenLength
                - (rejected.logProb - rejected.reference) / rejectedLength;
        double loss;
        double slope;
        if (average) {
            double apart = margin - 1 / (2 * beta);
            loss = apart * apart;
            slope = 2 * apart;
        } else {
            loss = softplus(-beta * margin);
            slope = -beta / (1 + Math.exp(beta * margin));
        }
        return new Result(
                loss - supervised * chosen.logProb / chosen.weight,
                margin,
                slope / chosenLength - supervised / chosen.weight,
                -slope / rejectedLength);
    }

    /// `log(1 + exp(x))` without overflow.
    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
}
