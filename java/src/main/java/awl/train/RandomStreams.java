package awl.train;

import awl.data.SplitMix;

/// Where the random numbers of a step start, from the seed and the step alone: resuming needs no generator
/// state, and every rank begins alike.
///
/// @param seed of the run
record RandomStreams(long seed) {

    /// Stream of a step counted from 1.
    long of(long step) {
        return SplitMix.mix(SplitMix.mix(seed) + step) >>> 1; // positive, as seeds are elsewhere
    }
}
