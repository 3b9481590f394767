package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AppendedFileTest {

    @TempDir
    Path folder;

    @Test
    void whereverItIsCutOffWholeLinesStayAndTheRestComesAgain() throws IOException {
        Path file = folder.resolve("deep/rows.jsonl");
        try (AppendedFile out = AppendedFile.open(file, note -> {})) {
            for (int i = 0; i < 3; i++) {
                out.append(Map.of("id", "ä" + i));
            }
            out.force();
        }
        byte[] whole = Files.readAllBytes(file);
        int line = whole.length / 3;
        for (int size = 0; size <= whole.length; size++) {
            Files.write(file, java.util.Arrays.copyOf(whole, size));
            List<String> notes = new ArrayList<>();
            try (AppendedFile out = AppendedFile.open(file, notes::add)) {
                assertThat(out.before()).hasSize(size / line);
                assertThat(notes).hasSize(size % line == 0 ? 0 : 1);
                for (int i = size / line; i < 3; i++) {
                    out.append(Map.of("id", "ä" + i));
                }
            }
            assertThat(Files.readAllBytes(file)).isEqualTo(whole);
        }
    }

    @Test
    void aBrokenLineInTheMiddleIsAnError() throws IOException {
        String broken = "{\"id\": 1}\n{\"id\":\n{\"id\": 3}\n";
        Path file = Files.writeString(folder.resolve("rows.jsonl"), broken);
        assertThatThrownBy(() -> AppendedFile.open(file, note -> {}))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("rows.jsonl:2");
        assertThat(Files.readString(file)).isEqualTo(broken);
    }
}
