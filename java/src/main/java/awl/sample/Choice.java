package awl.sample;

/// A chosen token.
///
/// @param logProb under the model's own distribution, see [Completion]
public record Choice(int id, double logProb) {}
