package awl.model;

/// New tokens to append to one slot of a [KvCache].
public record Segment(int slot, int[] tokens) {}
