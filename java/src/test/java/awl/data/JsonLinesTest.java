package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.DataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTest {

    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.write(folder.resolve("rows.jsonl"), text.getBytes(StandardCharsets.UTF_8));
    }

    private static List<JsonLines.Line> all(Path file) {
        List<JsonLines.Line> lines = new ArrayList<>();
        try (JsonLines in = JsonLines.open(file)) {
            for (JsonLines.Line line = in.next(); line != null; line = in.next()) {
                lines.add(line);
            }
        }
        return lines;
    }

    @Test
    void splitsAtNewlineAloneAndCountsBlankLines() throws IOException {
        List<JsonLines.Line> lines = all(file("\uFEFF{\"a\":\"x\u0085y\u2028z\"}\r\n\n   \n{\"a\":2}"));
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0).object()).isEqualTo(Map.of("a", "x\u0085y\u2028z"));
        assertThat(lines.get(1).number()).isEqualTo(4);
        assertThat(lines.get(1).object()).isEqualTo(Map.of("a", 2L));
    }

    @Test
    void linesLongerThanTheBuffer() throws IOException {
        String text = "é".repeat(100_000);
        List<JsonLines.Line> lines = all(file("{\"t\":\"" + text + "\"}\n{\"t\":\"b\"}\n"));
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0).object()).isEqualTo(Map.of("t", text));
    }

    @Test
    void errorsNameFileAndLine() throws IOException {
        Path broken = file("{\"a\":1}\n{\"a\":1,\"a\":2}\n[1]\n{\"a\":1} x\n{\"a\":NaN}\n");
        List<JsonLines.Line> lines = all(broken);
        assertThat(lines.get(0).object()).containsEntry("a", 1L);
        assertThatThrownBy(() -> lines.get(1).object())
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(broken + ":2: not JSON: Duplicate field 'a'");
        assertThatThrownBy(() -> lines.get(2).object())
                .hasMessage(broken + ":3: expected a JSON object, found an array");
        assertThatThrownBy(() -> lines.get(3).object()).hasMessageStartingWith(broken + ":4: not JSON");
        assertThatThrownBy(() -> lines.get(4).object()).hasMessageStartingWith(broken + ":5: not JSON");
    }

    @Test
    void deepNestingIsRefused() throws IOException {
        JsonLines.Line line = all(file("{\"a\":" + "[".repeat(1_000_000))).getFirst();
        assertThatThrownBy(line::object).isInstanceOf(DataException.class).hasMessageContaining("nesting depth");
    }

    @Test
    void malformedBytesAreRefused() throws IOException {
        Path path = folder.resolve("latin.jsonl");
        Files.write(path, new byte[] {'{', '"', 'a', '"', ':', '"', (byte) 0xe9, '"', '}', '\n'});
        assertThatThrownBy(() -> all(path)).hasMessageStartingWith(path + ":1: is not UTF-8");
    }

    @Test
    void aMissingFileIsTheUsersMistake() {
        assertThatThrownBy(() -> JsonLines.open(folder.resolve("none.jsonl")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no such file");
        assertThatThrownBy(() -> JsonLines.open(folder)).hasMessageContaining("found a folder");
    }

    @Test
    void aFileAppearsWhenCommitted() throws IOException {
        Path target = folder.resolve("sub/out.jsonl");
        try (JsonLinesWriter out = JsonLinesWriter.open(target)) {
            out.write(Map.of("text", "é\n😀"));
            assertThat(target).doesNotExist();
            out.commit();
        }
        assertThat(Files.readString(target)).isEqualTo("{\"text\":\"é\\n😀\"}\n");
        try (JsonLinesWriter out = JsonLinesWriter.open(target)) {
            out.write(Map.of("text", "lost"));
        }
        assertThat(Files.readString(target)).isEqualTo("{\"text\":\"é\\n😀\"}\n");
        try (var left = Files.list(folder.resolve("sub"))) {
            assertThat(left).containsExactly(target);
        }
    }

    @Test
    void halfASurrogatePairIsWrittenAsAnEscape(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("halves.jsonl");
        Map<String, String> row = Map.of("text", "a\ud800b\ud83d\ude00c\udc00");
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            out.write(row);
            out.commit();
        }
        assertThat(file).hasContent("{\"text\":\"a\\ud800b\ud83d\ude00c\\udc00\"}");
        try (JsonLines lines = JsonLines.open(file)) {
            assertThat(java.util.Objects.requireNonNull(lines.next()).object()).isEqualTo(row);
        }
    }
}
