package awl.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One case of the loss head's contract, shared by tests and benchmarks: shapes, what is active, how the logits
/// look.
///
/// @param active how many of the N rows have a weight other than zero
/// @param logitScale standard deviation of the logits
/// @param plan chunking to force; null for the kernel's own choice
public record HeadCase(
        String name,
        int n,
        int d,
        int v,
        int active,
        ScalarType dtype,
        Weights weights,
        double logitScale,
        @Nullable Double softCap,
        boolean bias,
        @Nullable HeadPlan plan) {

    /// Kinds of row weights.
    public enum Weights {
        ONES,
        MIXED,
        NEGATIVE,
        TINY,
        HUGE
    }

    public static HeadCase of(String name, int n, int d, int v, int active) {
        return new HeadCase(name, n, d, v, active, ScalarType.Float, Weights.MIXED, 3, null, false, null);
    }

    HeadCase with(Weights kind) {
        return new HeadCase(name, n, d, v, active, dtype, kind, logitScale, softCap, bias, plan);
    }

    HeadCase at(double scale) {
        return new HeadCase(name, n, d, v, active, dtype, weights, scale, softCap, bias, plan);
    }

    HeadCase capped(double cap) {
        return new HeadCase(name, n, d, v, active, dtype, weights, logitScale, cap, bias, plan);
    }

    HeadCase biased() {
        return new HeadCase(name, n, d, v, active, dtype, weights, logitScale, softCap, true, plan);
    }

    HeadCase in(ScalarType type) {
        return new HeadCase(name, n, d, v, active, type, weights, logitScale, softCap, bias, plan);
    }

    HeadCase cut(HeadPlan.Order order, long rows, long classes) {
        HeadPlan forced = new HeadPlan(order, rows, classes);
        return new HeadCase(name, n, d, v, active, dtype, weights, logitScale, softCap, bias, forced);
    }

    @Override
    public String toString() {
        return name;
    }

    /// The table of kernels.md, section 3.
    static List<HeadCase> all() {
        List<HeadCase> cases = new ArrayList<>();
        for (int active : new int[] {0, 1, 127, 128, 129, 200}) {
            cases.add(of("A=" + active, 200, 48, 331, active));
        }
        cases.add(of("ragged 252x123x507", 252, 123, 507, 100));
        cases.add(of("ragged 252x507x123", 252, 507, 123, 100));
        cases.add(of("one class", 5, 7, 1, 3));
        cases.add(of("one row", 1, 1, 2, 1));
        cases.add(of("V=50257", 9, 24, 50_257, 7));
        cases.add(of("V=151936", 5, 8, 151_936, 5));
        for (Weights kind : Weights.values()) {
            cases.add(of("weights " + kind, 150, 40, 257, 90).with(kind));
        }
        cases.add(of("logits 1e4", 60, 32, 129, 40).at(1e4));
        cases.add(of("logits 1e-4", 60, 32, 129, 40).at(1e-4));
        cases.add(of("peaked", 60, 32, 129, 40).at(30));
        cases.add(of("soft-cap 30", 80, 32, 200, 50).capped(30).at(40));
        cases.add(of("bias", 80, 32, 200, 50).biased());
        cases.add(of("soft-cap and bias, all rows", 80, 32, 200, 80).capped(5).biased());
        List<HeadCase> chunked = new ArrayList<>();
        for (HeadCase base : List.of(
                of("ragged", 150, 33, 517, 100),
                of("soft-cap, bias", 150, 33, 517, 100).capped(10).biased(),
                of("logits 1e4", 150, 33, 517, 100).at(1e4))) {
            for (HeadPlan plan : List.of(
                    new HeadPlan(HeadPlan.Order.ROWS, 32, 517),
                    new HeadPlan(HeadPlan.Order.ROWS, 1, 517),
                    new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 64),
                    new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 517))) {
                HeadCase cut = base.cut(plan.order(), plan.rows(), plan.classes());
                chunked.add(new HeadCase(
                        base.name + " " + plan.order() + " " + plan.rows() + "x" + plan.classes(),
                        cut.n,
                        cut.d,
                        cut.v,
                        cut.active,
                        cut.dtype,
                        cut.weights,
                        cut.logitScale,
                        cut.softCap,
                        cut.bias,
                        cut.plan));
            }
        }
        cases.addAll(chunked);
        List<HeadCase> half = new ArrayList<>();
        for (HeadCase each : List.of(cases.get(3), cases.get(4), cases.get(6), cases.get(8))) {
            half.add(renamed("bf16 " + each.name, each.in(ScalarType.BFloat16)));
        }
        for (HeadCase each : chunked.subList(0, 8)) {
            half.add(renamed("bf16 " + each.name, each.in(ScalarType.BFloat16)));
        }
        cases.addAll(half);
        return cases;
    }

    /// Those that take no time.
    static Stream<HeadCase> small() {
        return all().stream().filter(c -> c.v < 10_000);
    }

    private static HeadCase renamed(String name, HeadCase c) {
        return new HeadCase(name, c.n, c.d, c.v, c.active, c.dtype, c.weights, c.logitScale, c.softCap, c.bias, c.plan);
    }

    /// The tensors of a case. They belong to the caller's pointer scope.
    public record Inputs(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            @Nullable Tensor bias_V) {

        /// The same in float64, further by what is given.
        Inputs shifted(@Nullable Tensor hidden, @Nullable Tensor weight, @Nullable Tensor bias) {
            return new Inputs(
                    exact(hidden_ND, hidden),
                    exact(weight_VD, weight),
                    target_N,
                    weights_N,
                    activeRows_A,
                    bias_V == null ? null : exact(bias_V, bias));
        }

        private static Tensor exact(Tensor at, @Nullable Tensor by) {
            Tensor wide = at.to(ScalarType.Double);
            return by == null ? wide : wide.add(by);
        }
    }

    /// Seeded inputs: targets hold duplicates and both ends of the vocabulary; masked rows have junk targets.
    public Inputs inputs() {
        torch.manual_seed(1234 + n * 31L + v);
        java.util.Random random = new java.util.Random(n * 7919L + v);
        Tensor hidden = torch.randn(n, d).to(dtype);
        Tensor weight =
                torch.randn(v, d).mul_(new Scalar(logitScale / Math.sqrt(d))).to(dtype);
        List<Integer> rows = new ArrayList<>();
        for (int row = 0; row < n; row++) {
            rows.add(row);
        }
        java.util.Collections.shuffle(rows, random);
        List<Integer> chosen = new ArrayList<>(rows.subList(0, active));
        java.util.Collections.sort(chosen);
        float[] weights = new float[n];
        long[] targets = new long[n];
        java.util.Arrays.fill(targets, -7);
        for (int i = 0; i < active; i++) {
            int row = chosen.get(i);
            weights[row] = weight(i, random);
            targets[row] = i % 5 == 0 ? 0 : i % 5 == 1 ? v - 1 : random.nextInt(v);
        }
        Tensor rowTensor = active == 0
                ? torch.empty(new long[] {0}).to(ScalarType.Long)
                : torch.tensor(chosen.stream().mapToLong(Integer::longValue).toArray());
        return new Inputs(
                hidden,
                weight,
                torch.tensor(targets),
                torch.tensor(weights),
                rowTensor,
                bias ? torch.randn(v).to(dtype) : null);
    }

    private float weight(int i, java.util.Random random) {
        float unit = 0.25f + random.nextFloat();
        return switch (weights) {
            case ONES -> 1f;
            case MIXED -> unit;
            case NEGATIVE -> i % 2 == 0 ? -unit : unit;
            case TINY -> 1e-6f * unit;
            case HUGE -> 1e6f * unit;
        };
    }
}
