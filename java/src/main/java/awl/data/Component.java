package awl.data;

/// One part of an objective whose loss is reported by itself.
///
/// @param metric its name in metrics
/// @param share what its loss counts in the whole; 0 = it is measured only
/// @param present whether there are rows that teach it something
public record Component(String metric, double share, boolean present) {}
