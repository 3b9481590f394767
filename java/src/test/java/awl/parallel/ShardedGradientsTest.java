package awl.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import awl.data.Batch;
import awl.data.Datum;
import awl.kernel.TorchKernels;
import awl.loss.WeightedCrossEntropy;
import awl.model.Decoder;
import awl.model.HuggingFaceConfig;
import awl.model.ModelConfig;
import awl.model.TokenBatch;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The backward pass of a real model of sixteen layers into shares: the sums of the whole gradients, in a part of
/// their memory.
final class ShardedGradientsTest {

    private static final long BUCKET = 1 << 14;

    /// @param sums of each bucket's own chunk behind the last step
    /// @param held bytes behind a step
    /// @param peak most bytes during all of them
    private record Outcome(List<float[]> sums, double norm, long held, long peak) {}

    private static ModelConfig config(boolean tied) {
        return HuggingFaceConfig.read(
                "test",
                new JsonMapper()
                        .createObjectNode()
                        .put("model_type", "llama")
                        .put("vocab_size", 64)
                        .put("hidden_size", 32)
                        .put("intermediate_size", 96)
                        .put("num_hidden_layers", 16)
                        .put("num_attention_heads", 4)
                        .put("num_key_value_heads", 2)
                        .put("tie_word_embeddings", tied),
                null);
    }

    private static Batch batch(int seed) {
        int[] ids = new int[9 + seed];
        Arrays.setAll(ids, t -> (t * 7 + 5 * seed) % 64);
        float[] weights = new float[ids.length];
        Arrays.fill(weights, 1);
        return Batch.of(List.of(Datum.shift("d" + seed, ids, weights)));
    }

    /// One rank: two steps, the first rank with two micro-batches more than the last, which has none in the second
    /// step.
    private static Outcome rank(World world, boolean tied, boolean sharded, boolean overlap) {
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open();
                Decoder model = Decoder.random(config(tied), 1, Precision.FP32);
                GradientBuckets buckets = sharded
                        ? GradientBuckets.sharded(world, model.trainable(), BUCKET, overlap)
                        : GradientBuckets.whole(world, model.trainable(), BUCKET, overlap)) {
            for (int step = 0; step < 2; step++) {
                model.trainable().forEach(awl.tensor.Parameter::zeroGradient);
                int own = Math.max(0, 3 - world.rank() - step);
                if (own > 0) {
                    boolean rehearsed = buckets.rehearse(() -> backward(model, batch(17)));
                    assertThat(rehearsed).isEqualTo(sharded && step == 0);
                }
                buckets.startStep(own);
                for (int b = 0; b < own; b++) {
                    buckets.microBatch(b == own - 1);
                    backward(model, batch(10 * step + 3 * b + world.rank()));
                }
                buckets.finish();
            }
            List<float[]> sums = buckets.buckets().stream()
                    .map(bucket -> Tensors.array(buckets.ownSum(bucket)))
                    .toList();
            double norm = buckets.norm(new TorchKernels()).item_double();
            return new Outcome(sums, norm, buckets.heldBytes(), buckets.peakBytes());
        }
    }

    private static void backward(Decoder model, Batch batch) {
        try (TensorScope scope = TensorScope.open()) {
            TokenBatch in = TokenBatch.upload(batch);
            Tape tape = Tape.recording();
            Tensor hidden_ND = model.hidden(in, tape);
            tape.backward(new WeightedCrossEntropy(new TorchKernels())
                    .at(model.head(), hidden_ND, in, 1)
                    .hiddenGradient_ND());
        }
    }

    private static List<Outcome> ranks(int size, boolean tied, boolean sharded, boolean overlap) throws Exception {
        Threads.set(1);
        List<Callable<Outcome>> all = new ArrayList<>();
        ThreadWorld.of(size).forEach(world -> all.add(() -> rank(world, tied, sharded, overlap)));
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Outcome> outcomes = new ArrayList<>();
            for (Future<Outcome> each : threads.invokeAll(all)) {
                outcomes.add(each.get());
            }
            return outcomes;
        }
    }

    @ParameterizedTest
    @CsvSource({"2, false", "2, true", "4, false"})
    void theSameSumsInAPartOfTheMemory(int size, boolean tied) throws Exception {
        List<Outcome> whole = ranks(size, tied, false, true);
        List<Outcome> shares = ranks(size, tied, true, true);
        for (int r = 0; r < size; r++) {
            Outcome share = shares.get(r);
            Outcome all = whole.get(r);
            assertThat(share.held()).isEqualTo(all.held() / size);
            assertThat(share.peak() - share.held())
                    .as("buckets filled or under way, of %d bytes in all", all.held())
                    .isPositive()
                    .isLessThan(all.held() / 4);
            assertThat(share.norm()).isCloseTo(all.norm(), Offset.offset(1e-5 * all.norm()));
            for (int b = 0; b < all.sums().size(); b++) {
                assertThat(share.sums().get(b)).containsExactly(all.sums().get(b), Offset.offset(1e-5f));
            }
        }
    }

    @Test
    void overlapChangesNoBit() throws Exception {
        List<Outcome> one = ranks(3, false, true, true);
        List<Outcome> other = ranks(3, false, true, false);
        for (int r = 0; r < 3; r++) {
            assertThat(other.get(r).norm()).isEqualTo(one.get(r).norm());
            assertThat(other.get(r).peak()).isLessThan(one.get(r).peak());
            for (int b = 0; b < one.get(r).sums().size(); b++) {
                assertThat(other.get(r).sums().get(b))
                        .isEqualTo(one.get(r).sums().get(b));
            }
        }
    }
}
