package awl.model;

import awl.kernel.Kernels;
import awl.kernel.Replay;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Decoding steps of a [KvCache] that were recorded and are made again: between tokens only the inputs change, and
/// making tensors, views and checks anew takes a third of a small model's step.
///
/// There is one for each number of rows. The second step of a number is recorded; the third is computed both ways, and
/// only where the bits are the same (nothing was done beside the kernels) is the recording trusted from then on. All
/// together keep [#MOST_BYTES] of activations at most; the one unused for longest goes first.
final class PreparedSteps implements AutoCloseable {

    static final long MOST_BYTES = 64 << 20;

    private final Kernels kernels;
    private final long bytesPerRow;
    private final Map<Integer, Step> byRows = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Integer, Integer> seen = new HashMap<>();
    private long bytes;
    private int adapters;
    private int threads;
    private boolean refused;
    private long replayed;

    /// What is kept of a step: its calls and what they read and write.
    private static final class Step implements AutoCloseable {
        final Replay calls;
        final List<Tensor> inputs;
        final Tensor logits_NV;
        boolean proven;

        Step(Replay calls, List<Tensor> inputs, Tensor logits_NV) {
            this.calls = calls;
            this.inputs = inputs;
            this.logits_NV = logits_NV;
        }

        /// The logits of other inputs, in memory that the next run writes again.
        Tensor run(List<Tensor> from) {
            for (int i = 0; i < inputs.size(); i++) {
                inputs.get(i).copy_(from.get(i));
            }
            calls.run();
            return logits_NV;
        }

        @Override
        public void close() {
            calls.close();
            inputs.forEach(Tensor::close);
            logits_NV.close();
        }
    }

    PreparedSteps(ModelConfig config, Kernels kernels) {
        this.kernels = kernels;
        long heads = (long) config.heads() * config.headDim();
        long keys = 2L * config.kvHeads() * config.headDim();
        // Norms and branches; projections, thrice where heads are normed; attention; gate, up and their product.
        long layer = 4L * config.hiddenSize() + 3 * (heads + keys) + heads + 3L * config.intermediateSize();
        this.bytesPerRow = Float.BYTES * (config.layers() * layer + config.vocabSize());
    }

    /// The logits of a step.
    ///
    /// @param inputs all that differs from step to step, one row a sequence; float32 or int64 on the CPU
    /// @param attached how often the model was given adapters
    /// @param compute makes the logits of these inputs, `[N, V]`
    Tensor logits(List<Tensor> inputs, int attached, Supplier<Tensor> compute) {
        int rows = (int) inputs.getFirst().size(0);
        if (attached != adapters || torch.get_num_threads() != threads) {
            close(); // for another model, or with workspaces for other threads
            adapters = attached;
            threads = torch.get_num_threads();
        }
        Step step = byRows.get(rows);
        if (step == null) {
            boolean again = seen.merge(rows, 1, Integer::sum) > 1;
            return again && !refused && rows * bytesPerRow <= MOST_BYTES
                    ? record(rows, inputs, compute)
                    : compute.get();
        }
        if (step.proven) {
            replayed++;
            return step.run(inputs).clone();
        }
        Tensor again_NV = step.run(inputs);
        // Behind the replay, so that what stays in the cache is this one's.
        Tensor computed = compute.get();
        step.proven = again_NV.equal(computed);
        if (!step.proven) {
            refused = true;
            close();
            System.getLogger("awl.model")
                    .log(
                            System.Logger.Level.WARNING,
                            "decoding: a recorded step does not give the logits of a computed one; all are computed");
        }
        return computed;
    }

    private Tensor record(int rows, List<Tensor> inputs, Supplier<Tensor> compute) {
        List<Tensor> kept = new ArrayList<>();
        inputs.forEach(input -> kept.add(own(input)));
        List<Tensor> made = new ArrayList<>();
        Replay calls = kernels.record(() -> made.add(compute.get()));
        Tensor logits = made.getFirst();
        if (calls == null) {
            refused = true;
            kept.forEach(Tensor::close);
            return logits;
        }
        byRows.put(rows, new Step(calls, kept, own(logits)));
        bytes += rows * bytesPerRow;
        while (bytes > MOST_BYTES) {
            Map.Entry<Integer, Step> oldest = byRows.entrySet().iterator().next();
            bytes -= oldest.getKey() * bytesPerRow;
            oldest.getValue().close();
            byRows.remove(oldest.getKey());
        }
        return logits.clone();
    }

    /// Another handle, which no scope frees.
    private static Tensor own(Tensor tensor) {
        Tensor own = new Tensor(tensor);
        own.retainReference();
        return own;
    }

    /// Steps that were made by a recording alone.
    long replayed() {
        return replayed;
    }

    /// Whether a recording was found to lack something.
    boolean refused() {
        return refused;
    }

    @Override
    public void close() {
        byRows.values().forEach(Step::close);
        byRows.clear();
        bytes = 0;
    }
}
