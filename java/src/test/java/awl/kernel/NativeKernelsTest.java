package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.NativeException;
import awl.Shared;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The contract by the library the build made, and what opening one checks. Skipped, with the reason, where
/// there is none.
@Tag("native")
class NativeKernelsTest extends KernelContract {

    static Path library() {
        return Shared.home().resolve("native/build/cpu/libawl_cpu.so");
    }

    // Before each: what is skipped before all is not listed, nor the reason.
    @BeforeEach
    void needsTheLibrary() {
        Assumptions.assumeTrue(
                Files.exists(library()),
                "native/build/cpu/libawl_cpu.so is not here (cmake or a C++ compiler was missing; see the build's output)");
    }

    @Override
    public Kernels kernels() {
        return NativeKernels.open(library());
    }

    @Test
    void theLibraryHasEveryKernelThisEngineKnows() {
        NativeKernels kernels = NativeKernels.open(library());
        assertThat(kernels.library().kernels()).containsExactlyElementsOf(KernelHandles.names());
        assertThat(kernels.library().backend()).isEqualTo("cpu");
        assertThat(kernels.library().deviceCount()).isEqualTo(1);
        assertThat(kernels.name()).matches("native \\((plain|avx2|avx512|avx512bf16)\\)");
    }

    @Test
    void anUnknownKernelOrAnotherLibraryIsRefused(@TempDir Path folder) throws Exception {
        assertThatThrownBy(() -> awl.kernel.ffm.NativeLibrary.open(library(), List.of("rms_norm")))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("exports the kernel rms_norm_backward, which this engine does not know");
        Path text = Files.writeString(folder.resolve("libawl_cpu.so"), "not a library");
        assertThatThrownBy(() -> NativeKernels.open(text))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("cannot be opened as a library");
        assertThatThrownBy(() -> NativeKernels.open(folder.resolve("none.so")))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void oneAndManyThreadsGiveTheSameBits() {
        int before = torch.get_num_threads();
        Tensor x = torch.randn(400, 96);
        Tensor weight = torch.randn(96);
        Tensor dy = torch.randn(400, 96);
        Tensor[] sums = new Tensor[2];
        try {
            for (int threads : new int[] {1, 3}) {
                torch.set_num_threads(threads);
                Tensor inverse = torch.empty(400);
                kernels().rmsNorm(x, weight, 1e-5, false, torch.empty_like(x), inverse);
                Tensor sum = torch.zeros(96);
                kernels().rmsNormBackward(dy, x, weight, inverse, false, torch.empty_like(x), sum);
                sums[threads / 2] = sum;
            }
        } finally {
            torch.set_num_threads(before);
        }
        assertThat(torch.equal(sums[0], sums[1])).isTrue();
    }

    static Stream<HeadCase> threadedHeads() {
        HeadCase whole = HeadCase.of("whole", 300, 96, 5003, 200).capped(30).biased();
        return Stream.of(
                HeadCase.of("its own choice", 300, 96, 5003, 200),
                whole,
                named("row chunks", whole.cut(HeadPlan.Order.ROWS, 64, 5003)),
                named("vocabulary chunks", whole.cut(HeadPlan.Order.VOCABULARY, 200, 1000)),
                named("bfloat16", whole.in(ScalarType.BFloat16)),
                named(
                        "bfloat16, vocabulary chunks",
                        whole.in(ScalarType.BFloat16).cut(HeadPlan.Order.VOCABULARY, 200, 1000)));
    }

    private static HeadCase named(String name, HeadCase c) {
        return new HeadCase(
                name,
                c.n(),
                c.d(),
                c.v(),
                c.active(),
                c.dtype(),
                c.weights(),
                c.logitScale(),
                c.softCap(),
                c.bias(),
                c.plan());
    }

    /// Loss and gradients in one pass, and a score with the gradients behind it; large enough that every
    /// part of them is shared among threads.
    @ParameterizedTest
    @MethodSource("threadedHeads")
    void theHeadGivesTheSameBitsOnAnyNumberOfThreads(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        int before = torch.get_num_threads();
        try {
            torch.set_num_threads(1);
            Map<String, Tensor> alone = headResults(c, in);
            for (int threads : new int[] {2, 3}) {
                torch.set_num_threads(threads);
                headResults(c, in)
                        .forEach((name, got) -> assertThat(torch.equal(got, alone.get(name)))
                                .as("%s on %d threads", name, threads)
                                .isTrue());
            }
        } finally {
            torch.set_num_threads(before);
        }
    }

    private Map<String, Tensor> headResults(HeadCase c, HeadCase.Inputs in) {
        Map<String, Tensor> results = new TreeMap<>();
        HeadRun once = HeadRun.of(kernels(), c, in);
        results.put("loss", once.loss().lossSum());
        results.put("log p", once.loss().logProb_A());
        results.put("log sum exp", once.loss().logSumExp_A());
        results.put("dH", once.loss().hiddenGradient_ND());
        results.put("dW", once.dHead_VD());
        if (once.dBias_V() != null) {
            results.put("dBias", once.dBias_V());
        }
        Tensor dHead = torch.zeros_like(once.dHead_VD());
        HeadOptions options = HeadOptions.standard()
                .withSoftCap(c.softCap())
                .withBias(in.bias_V(), null)
                .withPlan(c.plan())
                .keepingLogits();
        HeadScore score = HeadRun.score(kernels(), in, options);
        results.put("score's log p", score.logProb_A());
        results.put("late dH", HeadRun.late(kernels(), in, score, dHead, options));
        results.put("late dW", dHead);
        return results;
    }

    @Test
    void theSumOfSquaresIsExactAndTheSameOnAnyNumberOfThreads() {
        int before = torch.get_num_threads();
        List<Tensor> tensors = List.of(torch.randn(300_000), torch.randn(17));
        double truth = 0;
        for (Tensor each : tensors) {
            truth += each.to(torch.ScalarType.Double).square().sum().item_double();
        }
        try {
            for (int threads : new int[] {1, 3}) {
                torch.set_num_threads(threads);
                assertThat(kernels().squaredNorm(tensors).item_double()).isCloseTo(truth, within(1e-13 * truth));
            }
        } finally {
            torch.set_num_threads(before);
        }
    }

    @Test
    void theLibraryBringsNoSecondOpenMp() throws Exception {
        NativeKernels.open(library());
        torch.randn(8, 8).mm(torch.randn(8, 8));
        long copies = Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("libgomp"))
                .map(line -> line.substring(line.indexOf('/')))
                .distinct()
                .count();
        assertThat(copies).as("copies of libgomp in the process").isLessThanOrEqualTo(1);
    }

    @Test
    void viewsCarryOffsetsAndStrides() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor whole = torch.randn(6, 8);
            Tensor part = whole.narrow(0, 2, 3).narrow(1, 4, 4);
            var view = awl.kernel.ffm.TensorView.of(part, arena);
            var longs = java.lang.foreign.ValueLayout.JAVA_LONG;
            assertThat(view.get(longs, 0)).isEqualTo(whole.data_ptr().address() + (2 * 8 + 4) * 4);
            assertThat(view.get(longs, 8)).isEqualTo(3);
            assertThat(view.get(longs, 16)).isEqualTo(4);
            assertThat(view.get(longs, 40)).isEqualTo(8);
            assertThat(view.get(longs, 48)).isEqualTo(1);
            assertThat(view.get(java.lang.foreign.ValueLayout.JAVA_INT, 72)).isEqualTo(2);
        }
    }
}
