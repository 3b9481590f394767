package awl.cli;

import awl.ConfigException;
import awl.bench.Quantiles;
import awl.parallel.Exchange;
import awl.parallel.Launch;
import awl.parallel.World;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
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
import java.util.ArrayList;
import java.util.List;
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

    @Option(names = "--device", defaultValue = "cpu", description = "cpu (Gloo) or cuda (NCCL). Default: cpu.")
    String device = "cpu";

    @Override
    public Integer call() {
        Launch launch = Launch.of(Launch.Flags.NONE, System.getenv());
        if (launch.size() != 2) {
            throw new ConfigException("expected two ranks: awl launch --nproc 2 -- bench-ranks");
        }
        LibTorch.await();
        Threads.set(1);
        DeviceChoice place = Exchange.place(device, launch, DeviceChoice.facts());
        Cuda.use(place.device());
        World world = World.open(launch, Exchange.choose("auto", place), World.Limits.STANDARD);
        try (TensorScope scope = TensorScope.open();
                SocketChannel other = connect(world)) {
            long bytes = (long) mib << 20;
            Tensor tensor = Tensors.zeros(place.device(), ScalarType.Float, bytes / Float.BYTES);
            ByteBuffer out = ByteBuffer.allocateDirect((int) bytes);
            ByteBuffer in = ByteBuffer.allocateDirect((int) bytes);
            Tensor landing = Tensors.zeros(place.device(), ScalarType.Float, bytes / Float.BYTES);
            List<Double> sums = new ArrayList<>();
            List<Double> pieces = new ArrayList<>();
            List<Double> copies = new ArrayList<>();
            for (int round = -2; round < rounds; round++) { // two to warm up
                double sum = seconds(world, () -> world.sum(tensor));
                double piece = seconds(world, () -> addPieces(world, tensor, landing));
                double copy = seconds(world, () -> exchange(other, out, in));
                if (round >= 0) {
                    sums.add(bytes / sum / 1e9);
                    pieces.add(bytes / piece / 1e9);
                    copies.add(bytes / copy / 1e9);
                }
            }
            if (world.first()) {
                double rate = print("all-reduce", sums);
                print("exchange of pieces, added", pieces);
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

    /// The sum of own pieces alone, as train.zero 2 makes it: half the bytes of an all-reduce.
    private static void addPieces(World world, Tensor tensor, Tensor landing) {
        world.startExchange(tensor, landing).await();
        long half = tensor.numel() / 2;
        landing.narrow(0, 0, half).add_(landing.narrow(0, half, half));
    }

    private static double seconds(World world, Runnable work) {
        world.barrier();
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private double print(String what, List<Double> samples) {
        Quantiles rates = Quantiles.of(samples);
        System.out.printf(
                Locale.ROOT,
                "%s: %.2f GB/s (p20 %.2f, p80 %.2f, %d rounds of %d MiB)%n",
                what,
                rates.median(),
                rates.p20(),
                rates.p80(),
                rates.count(),
                mib);
        return rates.median();
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
