package awl.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.kernel.TorchKernels;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

final class GradientBucketsTest {

    /// A world of two in which the other rank's gradients are zero; notes what is sent.
    private static final class Noting implements World {
        private final List<Long> sent = new ArrayList<>();

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 2;
        }

        @Override
        public Pending startSum(Tensor tensor) {
            sent.add(tensor.numel());
            return () -> {};
        }

        @Override
        public Pending startBroadcast(Tensor tensor, int from) {
            return () -> {};
        }

        @Override
        public Pending startExchange(Tensor pieces, Tensor into) {
            sent.add(pieces.numel());
            long half = pieces.numel() / 2;
            into.zero_();
            into.narrow(0, 0, half).copy_(pieces.narrow(0, 0, half));
            return () -> {};
        }

        @Override
        public List<String> gather(String own) {
            return List.of(own, own);
        }

        @Override
        public void barrier() {}

        @Override
        public void fail(String why) {}

        @Override
        public void close() {}
    }

    @Test
    void aPlanHoldsEveryParameterOnceFromTheLastToTheFirst() {
        long[] counts = {1000, 1, 17, 32, 5};
        List<List<GradientBuckets.Place>> plan = GradientBuckets.plan(counts, 40);
        assertThat(plan.stream()
                        .flatMap(List::stream)
                        .map(GradientBuckets.Place::index)
                        .toList())
                .containsExactly(4, 3, 2, 1, 0);
        assertThat(plan).hasSize(3);
        for (List<GradientBuckets.Place> bucket : plan) {
            long at = 0;
            for (GradientBuckets.Place place : bucket) {
                assertThat(place.offset()).isGreaterThanOrEqualTo(at).isLessThan(at + GradientBuckets.ALIGN);
                assertThat(place.offset() % GradientBuckets.ALIGN).isZero();
                at = place.offset() + place.count();
            }
            for (int ranks : new int[] {1, 2, 3, 7}) {
                long numbers = GradientBuckets.numbers(bucket, ranks);
                assertThat(numbers).isGreaterThanOrEqualTo(at);
                assertThat(numbers % (ranks * GradientBuckets.ALIGN)).isZero();
            }
        }
    }

    @Test
    void chunksHoldEveryNumberOnce() {
        List<GradientBuckets.Place> bucket =
                GradientBuckets.plan(new long[] {1000, 1, 17, 32, 5}, 1 << 20).getFirst();
        for (int ranks : new int[] {1, 2, 3, 7, 64}) {
            long chunk = GradientBuckets.numbers(bucket, ranks) / ranks;
            for (GradientBuckets.Place place : bucket) {
                long next = 0;
                for (int r = 0; r < ranks; r++) {
                    ShardedOptimizer.Range range = ShardedOptimizer.overlap(place, r * chunk, chunk);
                    if (range != null) {
                        assertThat(range.from()).isEqualTo(next);
                        assertThat(range.at()).isEqualTo(place.offset() + next);
                        assertThat(range.from() % GradientBuckets.ALIGN).isZero();
                        next += range.count();
                    }
                }
                assertThat(next).isEqualTo(place.count());
            }
        }
    }

    @Test
    void aBucketIsSentWhenItsLastGradientIsFinishedAndNoEarlier() {
        try (TensorScope scope = TensorScope.open();
                Parameter first = new Parameter("first", torch.zeros(4, 4));
                Parameter second = new Parameter("second", torch.zeros(4, 4))) {
            Noting world = new Noting();
            try (GradientBuckets buckets = GradientBuckets.whole(world, List.of(first, second), 1, true)) {
                // The first step learns that `second` is added to twice.
                buckets.microBatch(true);
                add(second);
                add(first);
                add(second);
                assertThat(world.sent).isEmpty();
                buckets.finish();
                assertThat(world.sent).hasSize(2);
                assertThat(sum(first)).isEqualTo(16);
                assertThat(sum(second)).isEqualTo(32);

                zero(first, second);
                buckets.microBatch(false);
                add(second);
                add(first);
                add(second);
                assertThat(world.sent).as("not the last micro-batch").hasSize(2);
                buckets.microBatch(true);
                add(second);
                add(first);
                assertThat(world.sent)
                        .as("the second one is not finished, and goes first")
                        .hasSize(2);
                add(second);
                assertThat(world.sent).hasSize(4);
                assertThatThrownBy(() -> add(first)).hasMessageContaining("the gradient of first was added to 2 times");
                buckets.finish();

                zero(first, second);
                buckets.finish();
                assertThat(world.sent)
                        .as("a step without a micro-batch sends zeros")
                        .hasSize(6);
                assertThat(sum(first)).isZero();
            }
        }
    }

    private static void zero(Parameter... parameters) {
        for (Parameter parameter : parameters) {
            parameter.zeroGradient();
        }
    }

    private static void add(Parameter parameter) {
        Tensor column = torch.ones(4, 1);
        parameter.accumulateProduct(new TorchKernels()::matrixProduct, column, column.t());
    }

    private static double sum(Parameter parameter) {
        double sum = 0;
        for (float value : Tensors.array(Objects.requireNonNull(parameter.gradient()))) {
            sum += value;
        }
        return sum;
    }
}
