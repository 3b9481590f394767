package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DoctorCommandTest {

    private static final List<Finding> FINDINGS = List.of(
            Finding.ok("Java", "JDK", "25"),
            Finding.note("Java", "AOT cache", "none", "make one"),
            Finding.ok("Machine", "cores", "2"));

    @Test
    void valuesStandInOneColumnAndAdviceBelowThem() {
        assertThat(DoctorCommand.text(FINDINGS)).isEqualTo("""
                Java
                    JDK        25
                  - AOT cache  none
                               -> make one

                Machine
                    cores      2

                Ready.""");
    }

    @Test
    void onlyWhatIsBrokenFailsTheCommand() {
        assertThat(DoctorCommand.exitCode(FINDINGS)).isZero();
        List<Finding> broken = List.of(Finding.broken("libtorch", "library", "gone", "repair"));
        assertThat(DoctorCommand.exitCode(broken)).isEqualTo(1);
        assertThat(DoctorCommand.object(broken)).containsEntry("ok", false);
        assertThat(DoctorCommand.text(broken))
                .contains("! library  gone", "-> repair")
                .doesNotContain("Ready.");
    }

    @Test
    void thisMachineRunsAndEveryNoteSaysWhatToDo() {
        Map<String, Object> said = Json.object(output("doctor", "--json"), "doctor");
        assertThat(said).containsEntry("ok", true);
        assertThat((List<?>) said.get("findings"))
                .extracting(each -> String.valueOf(((Map<?, ?>) each).get("name")))
                .contains("JDK", "AOT cache", "instructions", "memory", "library", "device", "precision", "threads")
                .contains("native", "tokenizers", "cmake", "disk here");
        assertThat((List<?>) said.get("findings"))
                .allSatisfy(each -> assertThat("ok".equals(((Map<?, ?>) each).get("state"))
                                == (((Map<?, ?>) each).get("advice") == null))
                        .isTrue());
    }

    static String output(String... line) {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            assertThat(Main.execute(line)).isZero();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
