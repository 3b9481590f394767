package awl.train;

import awl.data.SplitMix;

/// Where the random numbers of a step start, from the seed and the step alone: resuming needs no generator
/// state.
///
/// @param seed of the run
record RandomStreams(long seed) {

    /// Stream of a step counted from 1.
    long of(long step) {
        return SplitMix.mix(SplitMix.mix(seed) + step) >>> 1; // positive, as seeds are elsewhere
    }

    /// That of one rank: rank 0 draws as a process of its own does, the others other numbers.
    long of(long step, int rank) {
        return rank == 0 ? of(step) : SplitMix.mix(of(step) + rank) >>> 1;
    }
}
