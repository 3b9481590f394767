package awl.kernel;

/// What one AdamW update has in common for all tensors.
///
/// @param number of the update, counted from 1
/// @param rate learning rate
/// @param beta1 decay of the first moment
/// @param beta2 decay of the second moment
/// @param epsilon added to the root of the second moment
public record AdamWStep(long number, double rate, double beta1, double beta2, double epsilon) {

    /// `1 - beta1^number`: moments start at zero and are too small by this factor.
    public double correction1() {
        return 1 - Math.pow(beta1, number);
    }

    /// `1 - beta2^number`
    public double correction2() {
        return 1 - Math.pow(beta2, number);
    }
}
