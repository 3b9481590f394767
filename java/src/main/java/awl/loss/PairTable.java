package awl.loss;

/// What is known of preference pairs beside their tokens, by number of the pair: documents of group `2 p` and `2 p +
/// 1` of a batch are the chosen and the rejected branch of pair p.
///
/// @param weights what each pair counts
/// @param chosen reference log-probability of each chosen branch
/// @param rejected of each rejected branch
public record PairTable(double[] weights, double[] chosen, double[] rejected) {}
