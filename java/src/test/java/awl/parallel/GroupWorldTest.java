package awl.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import awl.ConfigException;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.LibTorch;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/// Ranks that are threads here, over Gloo: the lines that NCCL's ranks run as well, but for how the group
/// is made.
final class GroupWorldTest {

    private static final World.Limits LIMITS =
            new World.Limits(Duration.ofSeconds(60), Duration.ofSeconds(25), Duration.ofMinutes(2));
    private static final Exchange GLOO = Exchange.choose("auto", new DeviceChoice(DeviceHandle.CPU, "a test"));
    private static final Exchange NCCL = Exchange.choose("auto", new DeviceChoice(DeviceHandle.cuda(0), "a test"));

    /// Runs the ranks; a failure is the value of its rank.
    private static <T> List<Object> ranks(List<Exchange> exchanges, Function<World, T> work) {
        LibTorch.await();
        int port = freePort();
        List<CompletableFuture<Object>> all = new ArrayList<>();
        for (int r = 0; r < exchanges.size(); r++) {
            int rank = r;
            CompletableFuture<Object> done = new CompletableFuture<>();
            all.add(done);
            Thread.ofPlatform().daemon().start(() -> {
                Launch launch = new Launch(rank, exchanges.size(), rank, 0, "127.0.0.1", port, false, "test", "a test");
                try (World world = World.open(launch, exchanges.get(rank), LIMITS)) {
                    done.complete(work.apply(world));
                } catch (Throwable e) {
                    done.complete(e);
                }
            });
        }
        return all.stream().map(CompletableFuture::join).toList();
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    void sumsCopiesAndLinesAreTheSameOnEveryRank() {
        List<Object> said = ranks(List.of(GLOO, GLOO, GLOO), world -> {
            try (TensorScope scope = TensorScope.open()) {
                Tensor sum = Tensors.floats(world.rank(), 10 * world.rank());
                world.sum(sum);
                Tensor copy = Tensors.floats(world.rank() + 1);
                world.startBroadcast(copy, 2).await();
                world.barrier();
                List<Float> numbers = new ArrayList<>();
                for (float each : Tensors.array(sum)) {
                    numbers.add(each);
                }
                numbers.add(Tensors.array(copy)[0]);
                return numbers + " " + world.gather("rank " + world.rank() + "\u00e9") + " "
                        + world.exchange().kind();
            }
        });
        assertThat(said).hasSize(3).containsOnly("[3.0, 30.0, 3.0] [rank 0\u00e9, rank 1\u00e9, rank 2\u00e9] gloo");
    }

    /// One machine sees its devices, another does not: both would wait for ever for the other's kind of
    /// group.
    @Test
    void ranksThatWouldExchangeByDifferentMeansSaySo() {
        List<Object> said = ranks(List.of(GLOO, NCCL), World::rank);
        assertThat(said)
                .hasSize(2)
                .allSatisfy(each -> assertThat((Throwable) each)
                        .isInstanceOf(ConfigException.class)
                        .hasMessageMatching(
                                "rank 0 \\(.*\\) would exchange by gloo, rank 1 \\(.*\\) by nccl: do both see their"
                                        + " devices \\(awl doctor\\)\\? Set model.device or train.backend"));
    }
}
