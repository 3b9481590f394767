package awl.parallel;

import awl.tensor.DeviceHandle;
import java.time.Duration;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// The processes that train together, as one of them sees them. Every call but [#rank], [#size] and [#fail] is
/// made by all of them, in one order; results are the same bits on every rank.
///
/// One thread at a time.
public interface World extends AutoCloseable {

    int rank();

    int size();

    /// What carries tensors between ranks, and where they lie.
    default Exchange exchange() {
        return Exchange.NONE;
    }

    /// Where tensors that are exchanged lie.
    default DeviceHandle device() {
        return exchange().place().device();
    }

    /// Whether this is the one that writes and speaks.
    default boolean first() {
        return rank() == 0;
    }

    /// Adds the tensor of every rank into each; contiguous, of one shape and dtype everywhere.
    ///
    /// @throws awl.PeerException naming the rank that is dead, silent or has ended with an error
    default void sum(Tensor tensor) {
        startSum(tensor).await();
    }

    /// Begins [#sum]; the tensor may not be touched before [Pending#await].
    Pending startSum(Tensor tensor);

    /// Begins to copy a contiguous tensor of one rank into that of all others.
    Pending startBroadcast(Tensor tensor, int from);

    /// Begins to hand out pieces: a contiguous tensor is cut into as many equal ones as there are ranks; the r-th
    /// goes to rank r, and the r-th of `into` is what rank r has for this one. Nothing is added.
    ///
    /// @param into shape and dtype of `pieces`, other memory
    Pending startExchange(Tensor pieces, Tensor into);

    /// A line from every rank, in the order of ranks.
    List<String> gather(String own);

    /// Returns when all ranks have come here.
    void barrier();

    /// Tells the others that this one ends with an error, so that they end with its name.
    void fail(String why);

    /// Parts in peace: all ranks are done.
    @Override
    void close();

    /// Something under way.
    @FunctionalInterface
    interface Pending {
        void await();
    }

    /// A process of its own.
    static World single() {
        return SoloWorld.INSTANCE;
    }

    /// Meets the others.
    ///
    /// @param exchange what carries the tensors; the same kind on every rank
    /// @throws awl.PeerException naming those who do not come
    static World open(Launch launch, Exchange exchange, Limits limits) {
        return launch.many() ? GroupWorld.open(launch, exchange, limits) : single();
    }

    /// @param arrival how long to wait for the others at the start
    /// @param silence a rank that gives no sign of life for so long is taken for dead; longer than a pause that is
    ///     to be survived
    /// @param operation most time of one exchange while everybody is alive: the slowest rank may be so much later
    record Limits(Duration arrival, Duration silence, Duration operation) {

        public static final Limits STANDARD =
                new Limits(Duration.ofMinutes(5), Duration.ofSeconds(25), Duration.ofHours(6));
    }
}
