package awl.parallel;

import awl.PeerException;
import awl.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bytedeco.pytorch.Tensor;

/// Ranks that are threads of this process: what is computed over ranks is tested with it, without starting any.
public final class ThreadWorld implements World {

    private static final long PATIENCE_SECONDS = 60;

    /// What the ranks of one world share.
    private static final class Table {
        private final CyclicBarrier barrier;
        private final Object[] laid;
        private volatile String failure = "";

        private Table(int size) {
            barrier = new CyclicBarrier(size);
            laid = new Object[size];
        }
    }

    private final Table table;
    private final int rank;

    private ThreadWorld(Table table, int rank) {
        this.table = table;
        this.rank = rank;
    }

    /// The ranks of a new world.
    public static List<World> of(int size) {
        Table table = new Table(size);
        List<World> ranks = new ArrayList<>();
        for (int r = 0; r < size; r++) {
            ranks.add(new ThreadWorld(table, r));
        }
        return ranks;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return table.laid.length;
    }

    private void meet() {
        if (!table.failure.isEmpty()) {
            throw new PeerException("another rank ended: " + table.failure);
        }
        try {
            table.barrier.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (BrokenBarrierException | TimeoutException e) {
            throw new PeerException("another rank ended: " + table.failure, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PeerException("interrupted", e);
        }
    }

    /// Everybody's; nobody goes on before all have looked at it in `use`.
    private <T> void exchange(T own, java.util.function.Consumer<List<T>> use) {
        table.laid[rank] = own;
        meet();
        @SuppressWarnings("unchecked")
        List<T> all = (List<T>) Arrays.asList(table.laid.clone());
        use.accept(all);
        meet();
    }

    @Override
    public Pending startSum(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> sums = new ArrayList<>();
            exchange(tensor, all -> {
                Tensor sum = all.getFirst().clone();
                all.subList(1, all.size()).forEach(sum::add_);
                sums.add(sum);
            });
            tensor.copy_(sums.getFirst());
        }
        meet();
        return () -> {};
    }

    @Override
    public Pending startBroadcast(Tensor tensor, int from) {
        exchange(tensor, all -> {
            if (rank != from) {
                tensor.copy_(all.get(from));
            }
        });
        return () -> {};
    }

    @Override
    public Pending startExchange(Tensor pieces, Tensor into) {
        long piece = pieces.numel() / size();
        try (TensorScope scope = TensorScope.open()) {
            exchange(pieces, all -> {
                for (int r = 0; r < all.size(); r++) {
                    into.narrow(0, r * piece, piece).copy_(all.get(r).narrow(0, rank * piece, piece));
                }
            });
        }
        return () -> {};
    }

    @Override
    public List<String> gather(String own) {
        List<String> lines = new ArrayList<>();
        exchange(own, lines::addAll);
        return lines;
    }

    @Override
    public void barrier() {
        meet();
    }

    @Override
    public void fail(String why) {
        table.failure = why;
        table.barrier.reset();
    }

    @Override
    public void close() {
        meet();
    }
}
