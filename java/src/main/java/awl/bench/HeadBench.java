package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.HeadLoss;
import awl.kernel.HeadOptions;
import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import awl.tensor.Precision;
import awl.tensor.Tensors;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The loss head: cross-entropy of a linear layer over the learned rows, its loss and both gradients.
///
/// Libtorch's gradients start absent, which is its cheapest way; ours adds to one that is there, as after
/// the first step of a run. The floor is the bare matrix products over the learned rows: three, two where
/// the head is frozen.
final class HeadBench implements KernelBench {

    private static final long IGNORED = -100;
    private static final int SUM = 2;

    static final String IGNORE_INDEX = "torch, ignore_index";
    static final String GATHERED = "torch, rows gathered";

    @Override
    public String name() {
        return "head";
    }

    @Override
    public String question() {
        return "Loss and gradients of a linear head with cross-entropy, beside libtorch's linear and cross_entropy with"
                + " ignore_index, the same over rows gathered beforehand, and the bare matrix products over those rows.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            for (double share : plan.active()) {
                cases.add(new Case(plan.shape(), dtype, share, plan.frozen(), plan.headBudget(), plan.inputs()));
            }
        }
        return cases;
    }

    record Case(Shape shape, Precision dtype, double share, boolean frozen, long budget, BenchInputs on)
            implements KernelCase {

        long active() {
            return Math.round(shape.rows() * share);
        }

        @Override
        public String kernel() {
            return "head";
        }

        @Override
        public String label() {
            String percent = new BigDecimal(100 * share)
                    .round(new MathContext(4))
                    .stripTrailingZeros()
                    .toPlainString();
            return percent + " % active" + (frozen ? ", frozen" : "");
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> named = new LinkedHashMap<>();
            named.put("rows", shape.rows());
            named.put("hidden", shape.hidden());
            named.put("vocabulary", shape.vocabulary());
            named.put("active_share", share);
            named.put("active_rows", active());
            named.put("frozen", frozen);
            named.put("budget_bytes", budget);
            if (shape.softCap() != null) {
                named.put("soft_cap", shape.softCap());
            }
            return named;
        }

        @Override
        public Work work() {
            return Work.flop((frozen ? 2.0 : 3.0) * 2 * active() * shape.hidden() * shape.vocabulary());
        }

        @Override
        public Footprint footprint() {
            int bytes = dtype == Precision.BF16 ? 2 : 4;
            int d = shape.hidden();
            int v = shape.vocabulary();
            Footprint sum = new Footprint()
                    .add("hidden states", 1, shape.rows(), d, bytes)
                    .add("head", 1, v, d, bytes)
                    .add("its gradient, in float64, of libtorch and of ours", 1, v, frozen ? 0 : d, 12 + bytes);
            long logits = (shape.softCap() == null ? 3L : 5L) * shape.rows() * v * bytes;
            // The truth is gone before libtorch begins.
            return logits > HeadTruth.CHUNK_BYTES * 3L + 8L * v * d
                    ? sum.add("libtorch's logits", shape.softCap() == null ? 3 : 5, shape.rows(), v, bytes)
                    : sum.add("head in float64", 1, v, d, 8)
                            .add("logits of a chunk in float64", 3, 1, HeadTruth.CHUNK_BYTES / 8, 8);
        }

        @Override
        public Prepared prepare(Kernels ours) {
            return new Inputs(this, ours);
        }
    }

    /// A case's tensors, and the steps on them.
    private static final class Inputs implements KernelCase.Prepared {

        private final Case one;
        private final Kernels ours;
        private final Tensor hidden_ND;
        private final Tensor weight_VD;
        private final Tensor target_N;
        private final Tensor active_A;
        private final Tensor targetOfActive_A;
        private final long vocabulary;

        Inputs(Case one, Kernels ours) {
            this.one = one;
            this.ours = ours;
            long rows = one.shape.rows();
            long width = one.shape.hidden();
            vocabulary = one.shape.vocabulary();
            ScalarType type = one.dtype.scalarType();
            // Logits are then N(0, 1), targets uniform.
            hidden_ND = one.on.normal(type, rows, width);
            weight_VD = one.on.normal(type, vocabulary, width).mul_(new Scalar(1 / Math.sqrt(width)));
            target_N = one.on.classes(vocabulary, rows);
            active_A = one.on.some(one.active(), rows);
            targetOfActive_A = Tensors.rows(target_N, active_A);
        }

        @Override
        public List<Contender> contenders() {
            List<Contender> all = new ArrayList<>();
            all.add(ours());
            boolean everything = one.active() == one.shape.rows();
            all.add(libtorch(everything ? "torch" : IGNORE_INDEX, Role.PLAIN, false));
            if (!everything) {
                all.add(libtorch(GATHERED, Role.PEER, true));
            }
            all.add(products("bare products, torch", false));
            if (ours instanceof NativeKernels) {
                all.add(products("bare products, awl", true));
            }
            return all;
        }

        @Override
        public Map<String, Tensor> truth() {
            return HeadTruth.of(hidden_ND, weight_VD, targetOfActive_A, active_A, one.shape.softCap(), one.frozen);
        }

        private Contender ours() {
            Tensor weights_N = one.on.zeros(ScalarType.Float, one.shape.rows());
            weights_N.index_fill_(0, active_A, new Scalar(1.0));
            Tensor gradient_VD = one.frozen ? null : one.on.zeros(one.dtype.sumType(), vocabulary, one.shape.hidden());
            HeadOptions options =
                    HeadOptions.standard().withSoftCap(one.shape.softCap()).withBudget(one.budget);
            return Contender.ours(
                    ours,
                    () -> {
                        HeadLoss loss = ours.linearCrossEntropy(
                                hidden_ND, weight_VD, target_N, weights_N, active_A, gradient_VD, options);
                        return named(loss.lossSum(), loss.hiddenGradient_ND(), gradient_VD);
                    },
                    bytes(hidden_ND));
        }

        private Contender libtorch(String name, Role role, boolean gathered) {
            Tensor hidden = hidden_ND.detach().set_requires_grad(true);
            Tensor head = weight_VD.detach().set_requires_grad(!one.frozen);
            Tensor wanted = targetOfActive_A;
            if (!gathered) {
                wanted = torch.full_like(target_N, new Scalar(IGNORED));
                wanted.index_copy_(0, active_A, targetOfActive_A);
            }
            Tensor target = wanted;
            Double cap = one.shape.softCap();
            return Contender.libtorch(
                    name,
                    role,
                    () -> {
                        Tensor rows = gathered ? hidden.index_select(0, active_A) : hidden;
                        Tensor loss = torch.cross_entropy_loss(
                                capped(torch.matmul(rows, head.t()), cap),
                                target,
                                new TensorOptional(),
                                SUM,
                                IGNORED,
                                0.0);
                        loss.backward();
                        return named(loss.detach(), taken(hidden), one.frozen ? null : taken(head));
                    },
                    bytes(hidden_ND) + (one.frozen ? 0 : bytes(weight_VD)));
        }

        private static Tensor capped(Tensor logits, @org.jspecify.annotations.Nullable Double cap) {
            return cap == null ? logits : logits.div(new Scalar(cap)).tanh().mul(new Scalar(cap));
        }

        /// A leaf's gradient, which it then has no more.
        private static Tensor taken(Tensor leaf) {
            Tensor gradient = new Tensor((TensorBase) leaf.grad());
            leaf.mutable_grad().reset();
            return gradient;
        }

        private Contender products(String name, boolean byOurs) {
            Tensor hidden = Tensors.rows(hidden_ND, active_A);
            ScalarType type = one.dtype.scalarType();
            Tensor logits = one.on.empty(type, one.active(), vocabulary);
            Tensor dHidden = torch.empty_like(hidden);
            Tensor dHead = one.frozen ? null : one.on.empty(type, vocabulary, one.shape.hidden());
            return new Contender(
                    name,
                    Role.FLOOR,
                    byOurs,
                    () -> {
                        multiply(byOurs, hidden, weight_VD.t(), logits);
                        multiply(byOurs, logits, weight_VD, dHidden);
                        if (dHead != null) {
                            multiply(byOurs, logits.t(), hidden, dHead);
                        }
                        return Map.of();
                    },
                    0);
        }

        private void multiply(boolean byOurs, Tensor left, Tensor right, Tensor out) {
            if (byOurs) {
                ours.matrixProduct(left, right, 1, false, out);
            } else {
                torch.mm_out(out, left, right);
            }
        }

        private static Map<String, Tensor> named(
                Tensor loss, Tensor dHidden, @org.jspecify.annotations.Nullable Tensor dHead) {
            Map<String, Tensor> results = new LinkedHashMap<>();
            results.put("loss", loss);
            results.put("dH", dHidden);
            if (dHead != null) {
                results.put("dW", dHead);
            }
            return results;
        }

        private static long bytes(Tensor tensor) {
            return tensor.numel() * tensor.element_size();
        }
    }
}
