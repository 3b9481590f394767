package awl.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.Json;
import awl.kernel.HeadOptions;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.report.Browser;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tiny runs from end to end, by the reference.
final class BenchTest {

    private static final Shape TINY =
            Shape.preset("smollm2").with(70, 12, 20, 331).withHeads("4-2-8");
    private static int threads;

    @TempDir
    Path folder;

    @BeforeAll
    static void remember() {
        threads = Threads.count();
    }

    @AfterAll
    static void restore() {
        Threads.set(threads);
    }

    private static BenchReport run(Kernels ours, Shape shape, List<String> kernels, double... active) {
        return run(ours, shape, kernels, List.of(Precision.FP32), active);
    }

    private static BenchReport run(
            Kernels ours, Shape shape, List<String> kernels, List<Precision> dtypes, double... active) {
        BenchPlan plan = new BenchPlan(
                shape,
                kernels,
                java.util.Arrays.stream(active).boxed().toList(),
                false,
                dtypes,
                DeviceHandle.CPU,
                1,
                2,
                HeadOptions.DEFAULT_BUDGET_BYTES);
        return Bench.run(plan, ours, "awl bench <test>", "reference", _ -> {});
    }

    @Test
    void everyKernelIsMeasuredAndNothingOfOursIsInexact() {
        BenchReport report =
                run(new TorchKernels(), TINY, KernelCases.names(), List.of(Precision.FP32, Precision.BF16), 1, 0.3);
        assertThat(report.inexact()).isEmpty();
        assertThat(report.kernelNames()).isEqualTo(KernelCases.names());
        for (CaseResult each : report.cases()) {
            assertThat(each.ours().errors()).as(each.fullLabel()).isNotEmpty();
            for (ContenderResult contender : each.contenders()) {
                assertThat(contender.seconds())
                        .as("%s, %s", each.fullLabel(), contender.name())
                        .hasSize(2)
                        .allMatch(seconds -> seconds > 0);
            }
        }
    }

    @Test
    void theHeadIsRightAboutSoftCapsToo() {
        Shape capped = new Shape("capped", 30, 12, 20, 331, 4, 2, 8, 2.0);
        BenchReport report = run(new TorchKernels(), capped, List.of("head"), 0.5);
        for (ContenderResult each :
                report.cases("head", Precision.FP32).getFirst().contenders()) {
            if (each.role() != Contender.Role.FLOOR) {
                assertThat(each.errors()).containsOnlyKeys("loss", "dH", "dW");
                assertThat(each.worstError()).as(each.name()).isLessThan(1e-5);
            }
        }
    }

    @Test
    void nothingLearnedIsMeasuredToo() {
        BenchReport report = run(new TorchKernels(), TINY, List.of("head"), 0);
        CaseResult empty = report.cases("head", Precision.FP32).getFirst();
        assertThat(empty.contenders()).hasSize(4).allMatch(each -> !(each.worstError() > 0));
        assertThat(empty.againstFloor(empty.ours())).isEmpty();
        assertThat(BenchMarkdown.of(report)).contains("| 0 % active, fp32 | torch, rows gathered |");
    }

    @Test
    void aWrongContenderIsFlaggedEverywhere() {
        BenchReport report = run(new WrongHead(), TINY, List.of("head"), 0.5);
        assertThat(report.inexact()).extracting(CaseResult::dtype).contains(Precision.FP32);
        CaseResult wrong = report.inexact().getFirst();
        assertThat(wrong.ours().tooFar()).containsOnlyKeys("dH");
        assertThat(BenchMarkdown.of(report)).contains("dH 1.0e-03 **!**", "ours is further from float64 than allowed");
        assertThat(BenchJson.of(report)).contains("\"errors_too_large\" : {\n");
        assertThat(BenchPage.of(report).toString()).contains("! too large");
    }

    @Test
    void errorsAreSharesOfTheLargestNumber() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor exact = Tensors.floats(4, -8, 0).to(ScalarType.Double);
            assertThat(Exactness.error(Tensors.floats(4, -8, 1).to(ScalarType.Double), exact))
                    .isEqualTo(0.125);
            assertThat(Exactness.error(exact.to(ScalarType.Float), exact)).isZero();
            assertThat(Exactness.error(Tensors.floats(4, -8, Float.NaN).to(ScalarType.Double), exact))
                    .isNaN();
        }
        assertThat(Exactness.tooFar(Map.of("dW", 2.05e-4, "loss", 4.1e-5), Map.of("dW", 5e-5, "loss", 1e-5)))
                .containsOnlyKeys("dW", "loss");
        assertThat(Exactness.tooFar(Map.of("dW", 1.95e-4, "loss", 3.9e-5), Map.of("dW", 5e-5, "loss", 1e-5)))
                .isEmpty();
        assertThat(Exactness.tooFar(Map.of("loss", Double.NaN), Map.of("loss", 1.0)))
                .containsKey("loss");
    }

    @Test
    void threeFilesAreWrittenWholeAndThePageIsReadable() throws Exception {
        BenchReport report = run(new TorchKernels(), TINY, List.of("head", "norm"), 1, 0.5, 0.1);
        Path out = folder.resolve("out");
        BenchFolder.write(report, out, false);
        try (var files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("bench.md", "bench.json", "bench.html");
        }
        assertThatThrownBy(() -> BenchFolder.write(report, out, false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--overwrite");
        BenchFolder.write(report, out, true);
        Map<String, @Nullable Object> json = Json.object(Files.readString(out.resolve("bench.json")), "bench.json");
        assertThat(json).containsKeys("command", "facts", "machine_rates", "rounds");
        assertThat(json.get("cases"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .hasSize(5);
        String page = Files.readString(out.resolve("bench.html"));
        assertThat(page)
                .contains("awl bench &lt;test&gt;")
                .doesNotContain("NaN")
                .doesNotContain("<script");
        Browser browser = Browser.orSkip(folder);
        for (boolean dark : new boolean[] {false, true}) {
            for (Map<String, @Nullable Object> seen : browser.measure(out.resolve("bench.html"), dark, 390, 1180)) {
                assertThat(seen.get("overlaps")).as("words on words").isEqualTo(List.of());
                assertThat(seen.get("outside")).as("words outside their frame").isEqualTo(List.of());
                assertThat(((Number) java.util.Objects.requireNonNull(seen.get("scrollWidth"))).intValue())
                        .isLessThanOrEqualTo(((Number) java.util.Objects.requireNonNull(seen.get("width"))).intValue());
                assertThat(seen.get("sections")).isEqualTo(List.of("head", "norm", "how"));
            }
        }
    }

    @Test
    void withoutNativeKernelsNothingIsMeasuredUnlessToldTo() {
        KernelSelection none = new KernelSelection(null, "no native library: none");
        assertThatThrownBy(() -> Bench.kernels(none, false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("not built natively here (no native library: none)")
                .hasMessageContaining("--reference");
        assertThat(Bench.kernels(none, true).name()).isEqualTo("reference");
    }
}
