package awl.benchmarks;

import awl.kernel.HeadCase;
import awl.kernel.HeadLoss;
import awl.kernel.HeadOptions;
import awl.kernel.Kernels;
import awl.tensor.HostMemory;
import awl.tensor.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Is our loss head faster than plain torch, and how much memory does it take? Loss, dH and dW of SmolLM2's
/// head in float32.
///
/// `torch`: linear + cross_entropy over all rows, masked ones by ignore_index. `gathered`: the active rows
/// picked first. `gemms`: the three bare matrix products over the active rows, which is the floor. Peers are
/// linear + cross_entropy with gradients that start absent, torch's cheapest way; ours add to a gradient that
/// is there.
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3)
@Measurement(iterations = 10)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class LinearCrossEntropyBenchmark {

    private static final int WIDTH = 576;
    private static final int VOCABULARY = 49_152;
    private static final long IGNORED = -100;

    @Param({"native", "reference", "torch", "gathered", "gemms"})
    public String provider;

    @Param("1280")
    public int rows;

    /// Per cent of the rows that are learned.
    @Param({"100", "25"})
    public int active;

    /// A frozen head (LoRA) has no dW.
    @Param({"false", "true"})
    public boolean frozen;

    private HeadCase.Inputs in;
    private Runnable step;

    /// What the last step left for the check.
    private Tensor lossSum;

    private Tensor dHidden;
    private Tensor dHead;

    @Setup
    public void prepare() throws IOException {
        Threads.set(Machine.threads());
        int learned = rows * active / 100;
        in = HeadCase.of("benchmark", rows, WIDTH, VOCABULARY, learned).inputs();
        step = switch (provider) {
            case "torch" -> torchStep(false);
            case "gathered" -> torchStep(true);
            case "gemms" -> products();
            default -> ours(Machine.kernels(provider));
        };
        // Thread pools and code are there before memory is looked at.
        torch.matmul(torch.randn(256, 256), torch.randn(256, 256)).exp_();
        double before = HostMemory.residentMib();
        Machine.resetPeak();
        run();
        double gradients = handedBackMib();
        double workspace = HostMemory.peakMib() - before - gradients;
        Files.writeString(
                BenchmarkTable.memoryFile(),
                "provider=%s rows=%d active=%d frozen=%s\t%.0f%n".formatted(provider, rows, active, frozen, workspace),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        if (!provider.equals("gemms")) {
            requireSameAsPlain();
        }
    }

    /// dW of ours lies among the inputs; torch makes its own.
    private double handedBackMib() {
        double dHiddenMib = rows * (double) WIDTH * 4 / (1 << 20);
        boolean makesHeadGradient = provider.equals("torch") || provider.equals("gathered");
        return dHiddenMib + (makesHeadGradient && !frozen ? VOCABULARY * (double) WIDTH * 4 / (1 << 20) : 0);
    }

    /// Loss and gradients against float64 on a few rows' worth of classes would prove little; against plain
    /// libtorch over the gathered rows they must agree to float32.
    private void requireSameAsPlain() {
        try (PointerScope _ = new PointerScope()) {
            Tensor hidden =
                    in.hidden_ND().index_select(0, in.activeRows_A()).detach().set_requires_grad(true);
            Tensor head = in.weight_VD().detach().set_requires_grad(true);
            Tensor logProb = torch.log_softmax(torch.matmul(hidden, head.t()), 1)
                    .gather(1, in.target_N().index_select(0, in.activeRows_A()).unsqueeze(1))
                    .squeeze(1);
            Tensor loss = logProb.mul(weights()).sum().neg();
            loss.backward();
            close("loss", lossSum, loss);
            close("dH", dHidden.index_select(0, in.activeRows_A()), hidden.grad());
            if (!frozen) {
                close("dW", dHead, head.grad());
            }
        }
    }

    private void close(String what, Tensor got, Tensor expected) {
        Tensor wide = expected.to(torch.ScalarType.Double);
        double scale = wide.abs().max().item_double();
        double error = got.to(torch.ScalarType.Double).sub(wide).abs().max().item_double() / scale;
        if (!(error < 1e-4)) {
            throw new AssertionError(provider + ": " + what + " is off by " + error);
        }
    }

    /// Mean over the active rows, which is what torch's cross_entropy computes.
    private Tensor weights() {
        long count = in.activeRows_A().size(0);
        return torch.ones(count).div_(new Scalar((double) count));
    }

    private Runnable ours(Kernels kernels) {
        Tensor weights_N = torch.zeros(rows);
        weights_N.index_copy_(0, in.activeRows_A(), weights());
        dHead = torch.zeros(frozen ? 0 : VOCABULARY, WIDTH);
        // Memory that is there already, as after the first step of a run.
        dHead.fill_(new Scalar(0.0));
        return () -> {
            HeadLoss loss = kernels.linearCrossEntropy(
                    in.hidden_ND(),
                    in.weight_VD(),
                    in.target_N(),
                    weights_N,
                    in.activeRows_A(),
                    frozen ? null : dHead,
                    HeadOptions.standard());
            keep(loss.lossSum(), loss.hiddenGradient_ND());
        };
    }

    private Runnable torchStep(boolean gathered) {
        Tensor hidden = in.hidden_ND().set_requires_grad(true);
        Tensor head = in.weight_VD().set_requires_grad(!frozen);
        Tensor picked = in.target_N().index_select(0, in.activeRows_A());
        Tensor masked = torch.full_like(in.target_N(), new Scalar(IGNORED));
        masked.index_copy_(0, in.activeRows_A(), picked);
        return () -> {
            hidden.mutable_grad().reset();
            head.mutable_grad().reset();
            Tensor chosen = gathered ? hidden.index_select(0, in.activeRows_A()) : hidden;
            Tensor loss = torch.cross_entropy_loss(
                    torch.matmul(chosen, head.t()), gathered ? picked : masked, new TensorOptional(), 1, IGNORED, 0.0);
            loss.backward();
            keep(loss.detach(), hidden.grad());
            if (!frozen) {
                dHead = head.grad();
                dHead.retainReference();
            }
        };
    }

    private Runnable products() {
        Tensor hidden = in.hidden_ND().index_select(0, in.activeRows_A());
        Tensor logits = torch.empty(hidden.size(0), VOCABULARY);
        Tensor dActive = torch.empty_like(hidden);
        dHead = torch.zeros(VOCABULARY, WIDTH);
        return () -> {
            torch.mm_out(logits, hidden, in.weight_VD().t());
            torch.mm_out(dActive, logits, in.weight_VD());
            if (!frozen) {
                torch.mm_out(dHead, logits.t(), hidden);
            }
        };
    }

    private void keep(Tensor loss, Tensor gradient) {
        lossSum = loss;
        lossSum.retainReference();
        dHidden = gradient;
        dHidden.retainReference();
    }

    private void release() {
        for (Tensor held : new Tensor[] {lossSum, dHidden}) {
            if (held != null) {
                held.releaseReference();
            }
        }
    }

    @Benchmark
    public void run() {
        release();
        try (PointerScope _ = new PointerScope()) {
            step.run();
        }
    }
}
