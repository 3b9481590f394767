package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.Json;
import awl.Shared;
import awl.kernel.KernelSelection;
import awl.kernel.KernelSelection.Wanted;
import awl.kernel.NativeKernels;
import awl.tensor.DeviceHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The CUDA library that `cmake/build-native.sh cuda` made, opened where no driver is: it says what it is,
/// and is not chosen, with the reason. Its kernels are tested on an emulation (`EmulatedCudaKernelsTest`)
/// and on devices.
@Tag("native")
final class CudaLibraryTest {

    private static final DeviceHandle FIRST = DeviceHandle.cuda(0);

    private static Path library() {
        return Shared.home().resolve("native/build/cuda/libawl_cuda.so");
    }

    // Before each: what is skipped before all is not listed, nor the reason.
    @BeforeEach
    void needsTheLibraryAndNoDevice() {
        Assumptions.assumeTrue(
                Files.exists(library()),
                "native/build/cuda/libawl_cuda.so is not here (cmake/build-native.sh cuda makes it)");
        int devices = NativeKernels.open(library()).library().deviceCount();
        Assumptions.assumeTrue(devices <= 0, "there are " + devices + " devices; this is what is said without one");
    }

    /// What the library says of this machine.
    private static String missing() {
        var library = NativeKernels.open(library()).library();
        assertThat(library.deviceCount()).isNotPositive();
        return library.lastError();
    }

    private static List<KernelSelection.Candidate> search(DeviceHandle device) {
        return KernelSelection.search(
                key -> key.equals("awl.native.path") ? library().toString() : "", key -> "", device);
    }

    @Test
    void itIsBoundAndHasTheKernelsOfTheList() throws Exception {
        NativeKernels kernels = NativeKernels.open(library());
        assertThat(kernels.library().backend()).isEqualTo("cuda");
        assertThat(kernels.name()).isEqualTo("native (cuda)");
        List<String> listed = Files.readAllLines(Shared.home().resolve("native/include/awl/kernel_list.h")).stream()
                .filter(line -> line.matches("\\s*X\\(\\w+, [01], 1\\).*"))
                .map(line -> line.replaceAll("\\s*X\\((\\w+),.*", "$1"))
                .toList();
        assertThat(kernels.library().kernels()).isNotEmpty().containsExactlyElementsOf(listed);
    }

    @Test
    void withoutADriverItIsNotChosenAndTheReasonIsTheDrivers() {
        assertThat(missing()).containsPattern("driver|device");
        String problem = "sees no cuda:0: " + missing();
        assertThat(search(FIRST))
                .singleElement()
                .satisfies(each -> assertThat(each.problem()).isEqualTo(problem));
        assertThat(KernelSelection.choose(Wanted.AUTO, search(FIRST)))
                .hasToString("reference (no native library: %s (property awl.native.path): %s)"
                        .formatted(library(), problem));
        assertThatThrownBy(() -> KernelSelection.choose(Wanted.NATIVE, search(FIRST)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem)
                .hasMessageContaining("cmake/build-native.sh cuda");
    }

    /// Named for a process that computes on the CPU, it is refused before it is given the wrong memory.
    @Test
    void theDoctorSaysThatItIsForDevices() {
        String before = System.getProperty("awl.native.path", "");
        System.setProperty("awl.native.path", library().toString());
        try {
            Map<String, Object> said = Json.object(DoctorCommandTest.output("doctor", "--json"), "doctor");
            assertThat((List<?>) said.get("findings"))
                    .filteredOn(each -> "native".equals(((Map<?, ?>) each).get("name")))
                    .singleElement()
                    .satisfies(each -> {
                        assertThat(((Map<?, ?>) each).get("state")).isEqualTo("note");
                        assertThat(String.valueOf(((Map<?, ?>) each).get("value")))
                                .contains("reference (no native library: " + library())
                                .contains("computes on cuda, not on cpu");
                    });
        } finally {
            System.setProperty("awl.native.path", before);
        }
    }
}
