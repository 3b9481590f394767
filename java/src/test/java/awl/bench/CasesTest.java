package awl.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.kernel.HeadOptions;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What is to be done and what it takes, before anything is allocated.
final class CasesTest {

    private static final Shape TINY =
            Shape.preset("smollm2").with(40, 12, 20, 50).withHeads("4-2-8");

    @Test
    void aHeadIsThreeProductsOverLearnedRowsAndTwoWhereItIsFrozen() {
        KernelCase quarter = head(0.25, false);
        assertThat(quarter.work()).isEqualTo(new Work(3.0 * 2 * 256 * 576 * 49_152, Work.Bound.ARITHMETIC));
        assertThat(head(0.25, true).work().amount()).isEqualTo(2.0 * 2 * 256 * 576 * 49_152);
        assertThat(head(0, false).work().amount()).isZero();
        assertThat(quarter.label()).isEqualTo("25 % active");
        assertThat(head(1, true).label()).isEqualTo("100 % active, frozen");
        assertThat(head(0.125, false).label()).isEqualTo("12.5 % active");
        assertThat(quarter.work().rate(2)).isEqualTo(3.0 * 256 * 576 * 49_152 * 1e-9);
    }

    private static KernelCase head(double share, boolean frozen) {
        return new HeadBench.Case(
                Shape.preset("smollm2"), Precision.FP32, share, frozen, 1 << 28, new BenchInputs(DeviceHandle.CPU));
    }

    @Test
    void bytesAreThoseThatMustBeMoved() {
        BenchPlan plan = BenchPlan.of(TINY, "norm", "gated", "linear");
        var byLabel = KernelCases.of(plan).stream()
                .collect(Collectors.toMap(
                        KernelCase::fullLabel, each -> each.work().amount()));
        assertThat(byLabel)
                .containsEntry("norm, forward, fp32", 2.0 * 40 * 12 * 4)
                .containsEntry("norm, backward, fp32", 3.0 * 40 * 12 * 4)
                .containsEntry("gated, forward, fp32", 3.0 * 40 * 20 * 4)
                .containsEntry("gated, backward, fp32", 5.0 * 40 * 20 * 4)
                .containsEntry("linear, 1 row, fp32", 50.0 * 12 * 4);
    }

    @Test
    void memoryIsASumThatIsShown() {
        Footprint sum = new Footprint().add("W", 1, 1024, 1024, 4).add("logits", 3, 1024, 2048, 2);
        assertThat(sum.bytes()).isEqualTo(1024.0 * 1024 * 4 + 3.0 * 1024 * 2048 * 2);
        sum.requireFits("head", sum.bytes());
        assertThatThrownBy(() -> sum.requireFits("head", sum.bytes() - 1))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("head: needs 0.02 GiB, and 0.02 GiB is free: W [1,024, 1,024] of 4 bytes")
                .hasMessageContaining("+ 3 x logits [1,024, 2,048] of 2 bytes = 0.01 GiB")
                .hasMessageContaining("--rows");
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingIsAllocated() {
        BenchPlan plan = BenchPlan.of(Shape.preset("gemma-2-2b").with(1 << 20, null, null, null), "head");
        assertThatThrownBy(() -> Bench.requireFits(plan, 64L << 30))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("libtorch's logits [1,048,576, 256,000]");
        Bench.requireFits(BenchPlan.of(TINY, KernelCases.names().toArray(new String[0])), 64L << 20 << 10);
    }

    @Test
    void wrongNamesAndSizesAreRefusedWithWhatWasMeant() {
        refused(() -> Shape.preset("smolm2"), "no model 'smolm2'; did you mean smollm2?");
        refused(() -> BenchPlan.of(TINY, "atention"), "no kernel 'atention'; did you mean attention?");
        refused(() -> TINY.with(0, null, null, null), "--rows: expected 1 to 16,777,216, found 0");
        refused(() -> TINY.withHeads("9x3"), "--heads: expected QUERY-KEY-WIDTH");
        refused(() -> TINY.withHeads("9-2-64"), "multiple of the key/value heads, found 9 and 2");
        refused(() -> plan(List.of(25.0), 1), "--active: expected shares from 0 to 1");
        refused(() -> plan(List.of(Double.NaN), 1), "--active: expected shares from 0 to 1");
        refused(() -> plan(List.of(), 1), "--active: expected at least one");
        refused(() -> plan(List.of(0.5, 0.5), 1), "names one twice");
        refused(() -> plan(List.of(0.5), 0), "--rounds: expected 1 to 1,000, found 0");
    }

    private static BenchPlan plan(List<Double> active, int rounds) {
        return new BenchPlan(
                TINY,
                List.of("head"),
                active,
                false,
                List.of(Precision.FP32),
                DeviceHandle.CPU,
                1,
                rounds,
                HeadOptions.DEFAULT_BUDGET_BYTES);
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable wrong, String message) {
        assertThatThrownBy(wrong).isInstanceOf(ConfigException.class).hasMessageContaining(message);
    }

    @Test
    void documentsFillTheRows() {
        for (int rows : new int[] {1, 63, 1024}) {
            int[] start = AttentionBench.documents(rows);
            assertThat(start[0]).isZero();
            assertThat(start[start.length - 1]).isEqualTo(rows);
            assertThat(Arrays.stream(start).boxed().toList()).isSorted().doesNotHaveDuplicates();
        }
    }
}
