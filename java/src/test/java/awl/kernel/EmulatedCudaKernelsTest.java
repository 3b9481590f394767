package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.Shared;
import awl.tensor.DeviceHandle;
import awl.tensor.Tensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The contract by the CUDA kernels, compiled as C++ and run on a host emulation (native/tests/emulation):
/// the binding, workspaces and arguments of every CUDA kernel without a device. What the emulation can not
/// show stands in its header.
@Tag("native")
class EmulatedCudaKernelsTest extends KernelContract {

    private static Path library() {
        return EmulatedCuda.library();
    }

    // Before each: what is skipped before all is not listed, nor the reason.
    @BeforeEach
    void needsTheLibrary() {
        EmulatedCuda.assume();
    }

    /// Threads are fibres here: vocabularies of real models would take minutes, many small pieces of one seconds.
    static Stream<HeadCase> headCases() {
        return HeadCase.all().stream()
                .filter(each -> each.v() < 1000)
                .filter(each -> !each.name().contains("100x64") || each.name().startsWith("soft-cap"));
    }

    @Override
    @Disabled("hundreds of launches of fibres; headCases() has the kinds of chunks")
    @Test
    public void everyChunkingGivesTheSameNumbers() {}

    /// Without float32 beside bfloat16, which a device rounds.
    @Override
    @ParameterizedTest
    @MethodSource("awl.kernel.MatrixProductContract#alike")
    public void matrixProductsAreThoseOfFloat64(
            ScalarType leftType, ScalarType rightType, ScalarType outType, int n, int k, int m) {
        super.matrixProductsAreThoseOfFloat64(leftType, rightType, outType, n, k, m);
    }

    @Override
    public Kernels kernels() {
        return NativeKernels.emulated(library());
    }

    @Test
    void theLibraryHasTheKernelsOfTheList() throws Exception {
        List<String> listed = Files.readAllLines(Shared.home().resolve("native/include/awl/kernel_list.h")).stream()
                .filter(line -> line.matches("\\s*X\\(\\w+, [01], 1\\).*"))
                .map(line -> line.replaceAll("\\s*X\\((\\w+),.*", "$1"))
                .toList();
        NativeKernels kernels = NativeKernels.emulated(library());
        assertThat(kernels.library().kernels()).containsExactlyElementsOf(listed);
        assertThat(kernels.library().backend()).isEqualTo("cuda");
        assertThat(kernels.name()).isEqualTo("native (cuda)");
    }

    @Test
    void aTensorInOtherMemoryIsRefusedBeforeTheKernelSeesIt() {
        NativeKernels kernels = NativeKernels.emulated(library());
        Tensor there = Tensors.empty(DeviceHandle.META, ScalarType.Float, 4);
        Tensor x = torch.randn(3, 4);
        assertThatThrownBy(() -> kernels.rmsNorm(x, there, 1e-5, false, torch.empty(3, 4), torch.empty(3)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("a tensor on meta was given to the kernels of libawl_cuda_emulated.so");
    }

    /// Opened as what it says it is, it would be given device memory: without a device it is not chosen.
    @Test
    void aCudaLibraryIsChosenForCudaDevicesAlone() {
        UnaryOperator<String> named =
                key -> key.equals("awl.native.path") ? library().toString() : "";
        assertThat(KernelSelection.search(named, key -> "", DeviceHandle.CPU))
                .singleElement()
                .satisfies(each -> assertThat(each.problem()).isEqualTo("computes on cuda, not on cpu"));
        UnaryOperator<String> home = key -> key.equals("awl.home") ? "/nowhere" : "";
        assertThat(KernelSelection.search(home, key -> "", DeviceHandle.cuda(0)))
                .singleElement()
                .satisfies(each -> assertThat(each.path()).isEqualTo(Path.of("/nowhere/native/build/cuda")));
    }
}
