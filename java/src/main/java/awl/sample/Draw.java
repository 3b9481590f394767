package awl.sample;

/// How the next token of a row is to be chosen, where the row's logits are all it takes.
///
/// @param sampling without a repetition penalty
/// @param uniform in [0, 1): where in the mass of what may be drawn the token lies
public record Draw(Sampling sampling, double uniform) {}
