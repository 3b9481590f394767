package awl.parallel;

import awl.ConfigException;
import awl.PeerException;
import awl.tensor.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;

/// Where ranks meet: c10d's TCP store, kept by rank 0 (or by torchrun), under a prefix of this start's own.
final class Rendezvous {

    /// What native code goes on using must stay reachable here: the binding frees what Java has forgotten.
    private static final List<Object> KEPT = Collections.synchronizedList(new ArrayList<>());

    private final Launch launch;
    private final Duration arrival;

    Rendezvous(Launch launch, Duration arrival) {
        this.launch = launch;
        this.arrival = arrival;
        LibTorch.gloo();
    }

    /// A new connection.
    ///
    /// @param keep whether this one keeps the store
    Store connect(boolean keep) {
        try {
            TCPStoreOptions options = new TCPStoreOptions();
            options.port((short) launch.port());
            options.isServer(keep);
            options.waitWorkers(false);
            options.timeout(new Milliseconds(arrival.toMillis()));
            TCPStore store = new TCPStore(launch.host(), options);
            return keep(new PrefixStore("awl/" + launch.generation(), keep(store)));
        } catch (RuntimeException e) {
            String why = PeerWatch.firstLine(e);
            if (keep) {
                throw new ConfigException(
                        "rank 0 cannot open the rendezvous at %s:%d (%s); is the port taken? Give another by --master or MASTER_PORT"
                                .formatted(launch.host(), launch.port(), why),
                        e);
            }
            throw new PeerException(
                    "rank %d: nobody keeps the rendezvous at %s:%d within %d s (%s): rank 0 did not start, or MASTER_ADDR and MASTER_PORT (%s) are wrong"
                            .formatted(
                                    launch.rank(),
                                    launch.host(),
                                    launch.port(),
                                    arrival.toSeconds(),
                                    why,
                                    launch.source()),
                    e);
        }
    }

    /// Keeps it for the life of the process.
    static <T> T keep(T used) {
        KEPT.add(used);
        return used;
    }

    /// Waits for everybody.
    ///
    /// @return `rank 1 (node7, process 4711)`, by rank
    List<String> arrive(Store store) {
        long own = ProcessHandle.current().pid();
        store.set("who/" + launch.rank(), "rank %d (%s, process %d)".formatted(launch.rank(), host(), own));
        store.add("here/" + launch.rank(), 1);
        long until = System.nanoTime() + arrival.toNanos();
        while (true) {
            List<Integer> missing = new ArrayList<>();
            for (int r = 0; r < launch.size(); r++) {
                if (store.add("here/" + r, 0) == 0) {
                    missing.add(r);
                }
            }
            if (missing.isEmpty()) {
                break;
            }
            if (System.nanoTime() > until) {
                throw new PeerException("rank %s of %d did not come to the rendezvous at %s:%d within %d s"
                        .formatted(
                                missing.stream().map(String::valueOf).collect(Collectors.joining(", ")),
                                launch.size(),
                                launch.host(),
                                launch.port(),
                                arrival.toSeconds()));
            }
            pause();
        }
        List<String> names = new ArrayList<>();
        for (int r = 0; r < launch.size(); r++) {
            names.add(store.get_to_str("who/" + r));
        }
        return names;
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerException("interrupted at the rendezvous", e);
        }
    }

    private static String host() {
        String slurm = System.getenv("SLURMD_NODENAME");
        if (slurm != null && !slurm.isBlank()) {
            return slurm;
        }
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "unknown host";
        }
    }
}
