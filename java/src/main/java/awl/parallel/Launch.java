package awl.parallel;

import java.util.Map;

/// Which process this is among those that train together, and where they meet.
///
/// @param rank from 0
/// @param size number of processes
/// @param localRank rank among those on this machine
/// @param localSize how many are on this machine; 0 where nobody said
/// @param host where rank 0 keeps the rendezvous store
/// @param port of the store
/// @param storeElsewhere the store is kept by the launcher (torchrun), not by rank 0
/// @param generation name of this start: after a restart nobody hears what the dead have said
/// @param source what it was taken from, for messages
public record Launch(
        int rank,
        int size,
        int localRank,
        int localSize,
        String host,
        int port,
        boolean storeElsewhere,
        String generation,
        String source) {

    /// A process of its own.
    public static Launch single() {
        return new Launch(0, 1, 0, 1, "", 0, false, "0", "a single process");
    }

    /// What flags and environment say; see [LaunchFacts] for the order.
    ///
    /// @throws awl.ConfigException where they are incomplete or contradict each other
    public static Launch of(Flags flags, Map<String, String> environment) {
        return new LaunchFacts(flags, environment).resolve();
    }

    /// Whether there is more than one process.
    public boolean many() {
        return size > 1;
    }

    /// Threads for each process, where this machine has so many cores and the user said nothing.
    public int threads(int cores) {
        return Math.max(1, cores / Math.max(1, localSize));
    }

    /// What a user may say on the command line; null = not said.
    ///
    /// @param master `HOST:PORT`
    public record Flags(
            @org.jspecify.annotations.Nullable Integer rank,
            @org.jspecify.annotations.Nullable Integer worldSize,
            @org.jspecify.annotations.Nullable Integer localRank,
            @org.jspecify.annotations.Nullable String master) {

        public static final Flags NONE = new Flags(null, null, null, null);

        boolean any() {
            return rank != null || worldSize != null || localRank != null || master != null;
        }
    }
}
