package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.kernel.KernelSelection.Candidate;
import awl.kernel.KernelSelection.Wanted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelSelectionTest {

    private static final Candidate BROKEN = new Candidate(Path.of("a/libawl_cpu.so"), "build folder", "speaks ABI 9");
    private static final Candidate GOOD = new Candidate(Path.of("b/libawl_cpu.so"), "build folder", null);

    @Test
    void autoTakesWhatFitsAndSaysWhyItDoesNot() {
        assertThat(KernelSelection.choose(Wanted.AUTO, List.of(BROKEN, GOOD)).library())
                .isEqualTo(GOOD.path());
        KernelSelection without = KernelSelection.choose(Wanted.AUTO, List.of(BROKEN));
        assertThat(without.library()).isNull();
        assertThat(without).hasToString("reference (no native library: a/libawl_cpu.so (build folder): speaks ABI 9)");
        assertThat(without.open().name()).isEqualTo("reference");
    }

    @Test
    void aNamedChoiceIsObeyedOrFailsWithTheSearchPath() {
        assertThat(KernelSelection.choose(Wanted.REFERENCE, List.of(GOOD)).library())
                .isNull();
        assertThat(KernelSelection.choose(Wanted.NATIVE, List.of(GOOD)).library())
                .isEqualTo(GOOD.path());
        assertThatThrownBy(() -> KernelSelection.choose(Wanted.NATIVE, List.of(BROKEN)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("a/libawl_cpu.so (build folder): speaks ABI 9")
                .hasMessageContaining("AWL_NATIVE_PATH");
        assertThatThrownBy(() -> Wanted.parse("gpu"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("kernels: expected auto, reference or native, got gpu");
    }

    @Test
    void thePropertyComesBeforeTheVariableBeforeTheBuildFolder(@TempDir Path folder) throws Exception {
        Map<String, String> properties = new java.util.HashMap<>(Map.of("awl.home", folder.toString()));
        Map<String, String> variables = new java.util.HashMap<>();
        assertThat(KernelSelection.search(properties::get, variables::get))
                .containsExactly(new Candidate(folder.resolve("native/build/cpu"), "build folder", "not there"));
        variables.put("AWL_NATIVE_PATH", folder.toString());
        assertThat(KernelSelection.search(properties::get, variables::get))
                .containsExactly(
                        new Candidate(folder.resolve("libawl_cpu.so"), "variable AWL_NATIVE_PATH", "not there"));
        Path file = Files.writeString(folder.resolve("mine.so"), "");
        properties.put("awl.native.path", file.toString());
        List<Candidate> found = KernelSelection.search(properties::get, variables::get);
        assertThat(found).singleElement().satisfies(c -> {
            assertThat(c.path()).isEqualTo(file);
            assertThat(c.problem()).contains("cannot be opened as a library");
        });
    }
}
