package awl.parallel;

import awl.PeerException;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.jspecify.annotations.Nullable;

/// Ranks on CPUs, over c10d's Gloo. Exchanges run on Gloo's own threads; whoever waits for one looks at the signs
/// of life meanwhile, so that a rank that died or hangs ends the wait with its name.
///
/// `GLOO_SOCKET_IFNAME` names the network interface where the way to rank 0 is not the one to use.
final class GlooWorld implements World {

    private static final Duration CONNECT = Duration.ofSeconds(60);
    private static final long SHORTEST_PAUSE = 20_000;
    private static final long LONGEST_PAUSE = 1_000_000;

    private final Launch launch;
    private final PeerWatch watch;
    private final ProcessGroupGloo group;
    private boolean broken;

    private GlooWorld(Launch launch, PeerWatch watch, ProcessGroupGloo group) {
        this.launch = launch;
        this.watch = watch;
        this.group = group;
    }

    static GlooWorld open(Launch launch, Limits limits) {
        Rendezvous rendezvous = new Rendezvous(launch, limits.arrival());
        Store store = rendezvous.connect(launch.rank() == 0 && !launch.storeElsewhere());
        List<String> names = rendezvous.arrive(store);
        PeerWatch watch = new PeerWatch(rendezvous.connect(false), launch, names, limits);
        try {
            ProcessGroupGloo.Options options =
                    Rendezvous.keep(ProcessGroupGloo.Options.create(new Milliseconds(CONNECT.toMillis())));
            String card = System.getenv("GLOO_SOCKET_IFNAME");
            options.devices()
                    .push_back(Rendezvous.keep(
                            card == null || card.isBlank()
                                    ? ProcessGroupGloo.createDeviceForHostname(ownAddress(launch))
                                    : ProcessGroupGloo.createDeviceForInterface(card)));
            options.threads(2);
            ProcessGroupGloo group = Rendezvous.keep(new ProcessGroupGloo(
                    Rendezvous.keep(new PrefixStore("group", store)), launch.rank(), launch.size(), options));
            group.setTimeout(new Milliseconds(limits.operation().toMillis()));
            return new GlooWorld(launch, watch, group);
        } catch (RuntimeException e) {
            String verdict = watch.blame(PeerWatch.firstLine(e));
            watch.fail(verdict);
            throw new PeerException(verdict, e);
        }
    }

    /// The address this machine reaches rank 0 from.
    private static String ownAddress(Launch launch) {
        try (DatagramSocket probe = new DatagramSocket()) {
            probe.connect(new InetSocketAddress(InetAddress.getByName(launch.host()), Math.max(1, launch.port())));
            return probe.getLocalAddress().getHostAddress();
        } catch (IOException e) {
            throw new PeerException("there is no way to %s (MASTER_ADDR): %s".formatted(launch.host(), e), e);
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
        Tensor tensor = Tensors.indices(values);
        sum(tensor);
        return Tensors.integers(tensor);
    }

    @Override
    public void barrier() {
        try (TensorScope scope = TensorScope.open()) {
            sum(Tensors.indices(1));
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
