package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.DataException;
import awl.data.JsonLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PromptRowsTest {

    @TempDir
    Path folder;

    private static final PromptRows.TextSource LENGTHS = new PromptRows.TextSource() {
        @Override
        public int[] encode(String text) {
            return new int[] {text.length()};
        }

        @Override
        public int[] render(Map<String, @Nullable Object> row, JsonLines.Line line) {
            return new int[] {1, 2, 3};
        }
    };

    private List<PromptRows.Row> read(String... lines) throws IOException {
        Path file = folder.resolve("in.jsonl");
        Files.write(file, List.of(lines));
        return PromptRows.read(file, LENGTHS);
    }

    @Test
    void readsTheThreeKindsOfRows() throws IOException {
        List<PromptRows.Row> rows = read(
                "{\"id\":\"a\",\"ids\":[5,0,7]}",
                "",
                "{\"id\":7,\"text\":\"four\"}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[]}",
                "{\"id\":\"e\",\"ids\":[]}");
        assertThat(rows).extracting(PromptRows.Row::id).containsExactly("a", 7L, 4L, "e");
        assertThat(rows).extracting(row -> row.ids().length).containsExactly(3, 1, 3, 0);
        assertThat(rows.get(1).ids()).containsExactly(4);
    }

    @Test
    void errorsNameFileLineAndField() {
        assertThatThrownBy(() -> read("{\"id\":\"a\",\"ids\":[1]}", "{\"id\":\"b\",\"ids\":[1,-2]}"))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("in.jsonl:2: ids[1]: expected a token id")
                .hasMessageContaining("-2");
        assertThatThrownBy(() -> read("{\"id\":\"a\",\"ids\":[1.5]}")).hasMessageContaining("ids[0]");
        assertThatThrownBy(() -> read("{\"id\":\"a\",\"ids\":[3000000000]}")).hasMessageContaining("ids[0]");
        assertThatThrownBy(() -> read("{\"id\":\"a\",\"ids\":[1e3]}")).hasMessageContaining("ids[0]");
        assertThatThrownBy(() -> read("{\"id\":\"a\",\"ids\":\"x\"}")).hasMessageContaining("ids: expected an array");
        assertThatThrownBy(() -> read("{\"id\":\"a\",\"text\":3}")).hasMessageContaining("text: expected a string");
        assertThatThrownBy(() -> read("{\"id\":\"a\"}")).hasMessageContaining("none of them");
        assertThatThrownBy(() -> read("{\"ids\":[1],\"text\":\"x\"}")).hasMessageContaining("ids and text");
        assertThatThrownBy(() -> read("{\"ids\":")).hasMessageContaining("in.jsonl:1: not JSON");
        assertThatThrownBy(this::read).isInstanceOf(ConfigException.class).hasMessageContaining("no rows");
    }

    @Test
    void idsOutsideTheVocabularyNameLineAndField() throws IOException {
        PromptRows.Row row = read("{\"id\":\"a\",\"ids\":[1,9]}").getFirst();
        row.requireVocabulary(10);
        assertThatThrownBy(() -> row.requireVocabulary(9))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("in.jsonl:1: ids[1]: expected a token id from 0 to 8, found 9");
    }
}
