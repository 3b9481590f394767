package awl.token;

/// A conversation as tokens.
///
/// @param ids token ids, T
/// @param weights `weights[t]` is the weight of predicting `ids[t]`: 1 on assistant tokens including the
///     token that ends the turn, else 0; T
public record Rendered(int[] ids, float[] weights) {}
