package awl.cli;

import awl.ConfigException;
import awl.parallel.Launch;
import awl.parallel.World;
import awl.tensor.LibTorch;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl launch --nproc 2 -- bench-ranks`: how fast two ranks sum a tensor, beside what the same two processes copy to
/// each other through a plain socket, round by round in turn. A sum over two ranks moves each byte once each way, as
/// the copy does.
@Command(
        name = "bench-ranks",
        hidden = true,
        description = "Rate of an all-reduce over two ranks, and of a plain copy.")
final class BenchRanksCommand implements Callable<Integer>, Computing {

    private static final int CHUNK = 1 << 20;

    @Option(names = "--mib", defaultValue = "64", description = "Size of the tensor. Default: ${DEFAULT-VALUE}.")
    int mib = 64;

    @Option(names = "--rounds", defaultValue = "20", description = "Default: ${DEFAULT-VALUE}.")
    int rounds = 20;

    @Override
    public Integer call() {
        Launch launch = Launch.of(Launch.Flags.NONE, System.getenv());
        if (launch.size() != 2) {
            throw new ConfigException("expected two ranks: awl launch --nproc 2 -- bench-ranks");
        }
        LibTorch.await();
        Threads.set(1);
        World world = World.open(launch, World.Limits.STANDARD);
        try (TensorScope scope = TensorScope.open();
                SocketChannel other = connect(world)) {
            long bytes = (long) mib << 20;
            Tensor tensor = Tensors.zeros(ScalarType.Float, bytes / Float.BYTES);
            ByteBuffer out = ByteBuffer.allocateDirect((int) bytes);
            ByteBuffer in = ByteBuffer.allocateDirect((int) bytes);
            double[] sums = new double[rounds];
            double[] copies = new double[rounds];
            for (int round = -2; round < rounds; round++) { // two to warm up
                double sum = seconds(world, () -> world.sum(tensor));
                double copy = seconds(world, () -> exchange(other, out, in));
                if (round >= 0) {
                    sums[round] = bytes / sum / 1e9;
                    copies[round] = bytes / copy / 1e9;
                }
            }
            if (world.first()) {
                double rate = print("all-reduce", sums);
                double plain = print("plain copy both ways", copies);
                System.out.printf(Locale.ROOT, "ratio of medians %.2f%n", rate / plain);
            }
        } catch (IOException e) {
            world.fail(e.toString());
            throw new UncheckedIOException(e);
        }
        world.close();
        return 0;
    }

    private static double seconds(World world, Runnable work) {
        world.barrier();
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private double print(String what, double[] rates) {
        Arrays.sort(rates);
        double median = rates[rates.length / 2];
        System.out.printf(
                Locale.ROOT,
                "%s: %.2f GB/s (p20 %.2f, p80 %.2f, %d rounds of %d MiB)%n",
                what,
                median,
                rates[rates.length / 5],
                rates[rates.length * 4 / 5],
                rates.length,
                mib);
        return median;
    }

    private static SocketChannel connect(World world) throws IOException {
        InetAddress here = InetAddress.getLoopbackAddress();
        if (world.first()) {
            try (ServerSocketChannel server = ServerSocketChannel.open().bind(new InetSocketAddress(here, 0))) {
                world.gather(Integer.toString(server.socket().getLocalPort()));
                return server.accept();
            }
        }
        int port = Integer.parseInt(world.gather("").getFirst());
        return SocketChannel.open(new InetSocketAddress(here, port));
    }

    private static void exchange(SocketChannel other, ByteBuffer out, ByteBuffer in) {
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                out.clear();
                while (out.hasRemaining()) {
                    ByteBuffer chunk = out.slice(out.position(), Math.min(CHUNK, out.remaining()));
                    out.position(out.position() + other.write(chunk));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try {
            in.clear();
            while (in.hasRemaining()) {
                if (other.read(in) < 0) {
                    throw new IOException("the other process closed the connection");
                }
            }
            sender.join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
