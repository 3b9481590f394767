package awl.parallel;

import awl.ConfigException;
import awl.PeerException;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.jspecify.annotations.Nullable;

/// Ranks over one of c10d's process groups, [GlooGroup] or [NcclGroup]: all but how the group is made is
/// the same. Exchanges run on threads or a stream of the group's own; whoever waits for one looks at the
/// signs of life meanwhile, so that a rank that died or hangs ends the wait with its name.
final class GroupWorld implements World {

    private static final long SHORTEST_PAUSE = 20_000;
    private static final long LONGEST_PAUSE = 1_000_000;
    /// How often the signs of life are looked at while the group is made.
    private static final long GLANCE_MILLIS = 100;
    /// Given to a group of dead members to let go of the device.
    private static final Duration ABORT = Duration.ofSeconds(10);

    private final Launch launch;
    private final Exchange exchange;
    private final PeerWatch watch;
    private final Backend group;
    private boolean broken;

    private GroupWorld(Launch launch, Exchange exchange, PeerWatch watch, Backend group) {
        this.launch = launch;
        this.exchange = exchange;
        this.watch = watch;
        this.group = group;
    }

    static GroupWorld open(Launch launch, Exchange exchange, Limits limits) {
        Rendezvous rendezvous = new Rendezvous(launch, limits.arrival());
        Store store = rendezvous.connect(launch.rank() == 0 && !launch.storeElsewhere());
        store.set("by/" + launch.rank(), exchange.kind().toString());
        List<String> names = rendezvous.arrive(store);
        PeerWatch watch = new PeerWatch(rendezvous.connect(false), launch, names, limits);
        try {
            requireSame(store, names);
            Store own = Rendezvous.keep(new PrefixStore("group", store));
            Backend group = Rendezvous.keep(watched(watch, () -> switch (exchange.kind()) {
                case NCCL -> NcclGroup.open(own, launch, exchange.place().device(), limits);
                case GLOO, NONE -> GlooGroup.open(own, launch);
            }));
            group.setTimeout(new Milliseconds(limits.operation().toMillis()));
            return new GroupWorld(launch, exchange, watch, group);
        } catch (awl.AwlException e) {
            watch.fail(String.valueOf(e.getMessage()));
            throw e;
        } catch (RuntimeException e) {
            String verdict = watch.blame(PeerWatch.firstLine(e));
            watch.fail(verdict);
            throw new PeerException(verdict, e);
        }
    }

    private static void requireSame(Store store, List<String> names) {
        String first = store.get_to_str("by/0");
        for (int r = 1; r < names.size(); r++) {
            String other = store.get_to_str("by/" + r);
            if (!other.equals(first)) {
                throw new ConfigException(
                        "%s would exchange by %s, %s by %s: do both see their devices (awl doctor)? Set model.device or train.backend"
                                .formatted(names.getFirst(), first, names.get(r), other));
            }
        }
    }

    /// Makes the group on a thread of its own: who does not come to it would hold us up.
    private static Backend watched(PeerWatch watch, Supplier<Backend> make) {
        CompletableFuture<Backend> made = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("awl-connect").start(() -> {
            try {
                made.complete(make.get());
            } catch (RuntimeException | Error e) {
                made.completeExceptionally(e);
            }
        });
        while (true) {
            try {
                return made.get(GLANCE_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                String verdict = watch.verdict();
                if (verdict != null) {
                    throw new PeerException(verdict, e);
                }
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case RuntimeException cause -> throw cause;
                    case Error cause -> throw cause;
                    case null, default -> throw new CompletionException(e);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PeerException("interrupted while the ranks met", e);
            }
        }
    }

    @Override
    public int rank() {
        return launch.rank();
    }

    @Override
    public int size() {
        return launch.size();
    }

    @Override
    public Exchange exchange() {
        return exchange;
    }

    @Override
    public Pending startSum(Tensor tensor) {
        return start(() -> group.allreduce(new TensorVector(tensor)));
    }

    @Override
    public Pending startBroadcast(Tensor tensor, int from) {
        return start(() -> {
            BroadcastOptions options = new BroadcastOptions();
            options.rootRank(from);
            return group.broadcast(new TensorVector(tensor), options);
        });
    }

    /// All-to-all, for Gloo's own reduce-scatter takes seven times as long as its all-reduce (libtorch
    /// 2.10).
    @Override
    public Pending startExchange(Tensor pieces, Tensor into) {
        return start(() -> group.alltoall_base(into, pieces, new LongVector(), new LongVector()));
    }

    private Pending start(Supplier<Work> exchange) {
        try (PointerScope scope = new PointerScope()) {
            Work work = exchange.get();
            work.retainReference(); // the caller's scope may end before the work does
            return () -> await(work);
        } catch (RuntimeException e) {
            throw gone(e);
        }
    }

    private void await(Work work) {
        long pause = SHORTEST_PAUSE;
        while (!work.isCompleted()) {
            LockSupport.parkNanos(pause);
            pause = Math.min(LONGEST_PAUSE, pause + pause / 2);
            String verdict = watch.verdict();
            if (verdict != null) {
                letGo();
                throw broken(verdict, null); // the work stays as it is: what it waits for never comes
            }
        }
        try {
            work._wait();
        } catch (RuntimeException e) {
            throw gone(e);
        } finally {
            work.close();
        }
    }

    /// Ends what runs on a device and waits for the dead: it would hold up whatever comes behind it.
    private void letGo() {
        if (exchange.kind() == Exchange.Kind.NCCL) {
            Thread ending = Thread.ofPlatform().daemon().name("awl-abort").start(group::abort);
            try {
                ending.join(ABORT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private PeerException gone(RuntimeException e) {
        return broken(watch.blame(PeerWatch.firstLine(e)), e);
    }

    private PeerException broken(String verdict, @Nullable RuntimeException e) {
        broken = true;
        return new PeerException(verdict, e);
    }

    @Override
    public List<String> gather(String own) {
        try (TensorScope scope = TensorScope.open()) {
            byte[] bytes = own.getBytes(StandardCharsets.UTF_8);
            int[] lengths = new int[size()];
            lengths[rank()] = bytes.length;
            lengths = summed(lengths);
            int widest = Arrays.stream(lengths).max().orElse(0);
            List<String> lines = new ArrayList<>();
            if (widest == 0) {
                return java.util.Collections.nCopies(size(), "");
            }
            int[] text = new int[size() * widest];
            for (int i = 0; i < bytes.length; i++) {
                text[rank() * widest + i] = bytes[i] & 0xff;
            }
            text = summed(text);
            for (int r = 0; r < size(); r++) {
                byte[] line = new byte[lengths[r]];
                for (int i = 0; i < line.length; i++) {
                    line[i] = (byte) text[r * widest + i];
                }
                lines.add(new String(line, StandardCharsets.UTF_8));
            }
            return lines;
        }
    }

    private int[] summed(int[] values) {
        Tensor tensor = Tensors.indices(device(), values);
        sum(tensor);
        return Tensors.integers(tensor);
    }

    @Override
    public void barrier() {
        try (TensorScope scope = TensorScope.open()) {
            sum(Tensors.indices(device(), 1));
        }
    }

    @Override
    public void fail(String why) {
        broken = true;
        watch.fail(why);
    }

    /// The group itself ends with the process: with a dead member, freeing it would wait for the dead.
    @Override
    public void close() {
        if (!broken) {
            barrier();
            watch.part();
        }
    }
}
