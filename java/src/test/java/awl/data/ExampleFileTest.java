package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.AwlException;
import awl.ConfigException;
import awl.DataException;
import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExampleFileTest {

    @TempDir
    Path folder;

    /// One id a letter; what the assistant or the completion says is learned. Tools make every message a
    /// document of its own.
    private static final RowRenderer LETTERS = new RowRenderer() {
        @Override
        public List<Rendered> conversation(JsonNode messages, @Nullable JsonNode tools, int from) {
            List<String> texts = new ArrayList<>();
            for (JsonNode message : messages) {
                if (!message.has("role")) {
                    throw new DataException("messages: a message without role");
                }
                texts.add(message.get("content").asText());
            }
            return tools == null
                    ? List.of(completion("", String.join("", texts)))
                    : texts.stream().map(text -> completion("T", text)).toList();
        }

        @Override
        public Rendered completion(String prompt, String completion) {
            String all = prompt + completion;
            float[] weights = new float[all.length()];
            for (int t = prompt.length(); t < weights.length; t++) {
                weights[t] = 1;
            }
            return new Rendered(all.chars().toArray(), weights);
        }
    };

    private Path write(String... lines) throws IOException {
        return Files.write(folder.resolve("rows.jsonl"), List.of(lines));
    }

    private static ExampleFile reader() {
        return new ExampleFile(200, () -> LETTERS);
    }

    @Test
    void readsTheThreeKindsOfRows() throws IOException {
        Path file = write(
                "{\"id\": \"a\", \"ids\": [1, 2, 3], \"weights\": [0, 0.5, -1], \"weight\": 2}",
                "",
                "{\"prompt\": \"ab\", \"completion\": \"c\"}",
                "{\"id\": 7, \"messages\": [{\"role\": \"user\", \"content\": \"xy\"}], \"tools\": [{}]}");

        List<Example> rows = reader().read(file).examples();

        assertThat(rows).extracting(Example::id).containsExactly("a", file + ":3", "7");
        assertThat(only(rows.get(0)).weights()).containsExactly(0f, 0.5f, -1f);
        assertThat(rows.get(0).weight()).isEqualTo(2);
        assertThat(only(rows.get(1)).ids()).containsExactly('a', 'b', 'c');
        assertThat(only(rows.get(1)).weights()).containsExactly(0f, 0f, 1f);
        assertThat(only(rows.get(2)).ids()).containsExactly('T', 'x', 'y');
    }

    private static Rendered only(Example row) {
        assertThat(row.documents()).hasSize(1);
        return row.documents().getFirst();
    }

    @Test
    void aRowOfSeveralDocumentsIsOneExampleAndIsTold() throws IOException {
        String turn = "{\"role\": \"assistant\", \"content\": \"%s\"}";
        Path file = write(
                "{\"ids\": [1, 2, 3], \"weights\": [0, 1, 1]}",
                "{\"messages\": [%s, %s], \"tools\": [{}]}".formatted(turn.formatted("xy"), turn.formatted("z")));

        ExampleFile.Rows rows = reader().read(file);

        Example split = rows.examples().get(1);
        assertThat(split.documents()).hasSize(2);
        assertThat(split.tokens()).isEqualTo(5);
        assertThat(split.longest()).isEqualTo(3);
        assertThat(split.learned()).isEqualTo(3);
        assertThat(split.weightSum()).isEqualTo(3);
        assertThat(rows.notes())
                .containsExactly(
                        "%s: 1 rows became 2 documents, for the chat template rewrites earlier turns (first: %s:2); each still counts as one"
                                .formatted(file, file));
        for (Packer packer : List.of(new Packer(true, 3, 1), new Packer(false, 1, 2))) {
            StepBatches step =
                    new BatchStream(rows.examples(), new Weighting(Reduction.EXAMPLE_MEAN), packer, 2, false, 1).at(1);
            assertThat(step.documentIds()).containsExactly(file + ":1", file + ":2");
            assertThat(step.normaliser()).isEqualTo(2);
            assertThat(step.tokens()).isEqualTo(8);
            assertThat(step.microBatches().stream().mapToInt(Batch::documents).sum())
                    .isEqualTo(3);
        }
    }

    @Test
    void readyTokensNeedNoTokenizer() throws IOException {
        ExampleFile reader = new ExampleFile(10, () -> {
            throw new AssertionError("asked for a tokenizer");
        });
        assertThat(reader.read(write("{\"ids\": [1, 2], \"weights\": [0, 1]}")).examples())
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"ids\": [1, 200], \"weights\": [0, 1]}|ids[1]: expected an id from 0 to 199",
                "{\"ids\": [1, -1], \"weights\": [0, 1]}|ids[1]: expected an id",
                "{\"ids\": [1, 2.0], \"weights\": [0, 1]}|ids[1]: expected an id",
                "{\"ids\": [1, 99999999999999999999], \"weights\": [0, 1]}|ids[1]: expected an id",
                "{\"ids\": [], \"weights\": []}|ids: expected an array of token ids, found an empty array",
                "{\"ids\": [1, 2], \"weights\": [0]}|weights: expected 2 numbers, one for each id, found 1",
                "{\"ids\": [1, 2]}|weights: expected an array with one number for each id, found nothing",
                "{\"ids\": [1, 2], \"weights\": [0, 1e99]}|weights[1]: expected a finite number, found 1.0E99",
                "{\"ids\": [1, 2], \"weights\": [0, \"NaN\"]}|weights[1]: expected a finite number",
                "{\"ids\": [1, 2], \"weights\": [0, NaN]}|not JSON",
                "{\"ids\": [1, 2], \"weights\": [0, 1], \"weight\": -1}|weight: expected a finite number of at least 0",
                "{\"ids\": [1, 2], \"weights\": [0, 1], \"weight\": 1e999}|weight: expected a finite number",
                "{\"ids\": [1, 2], \"weights\": [0, 1], \"prompt\": \"\"}|found more than one",
                "{\"text\": \"abc\"}|found none of them",
                "{\"prompt\": \"a\"}|completion: expected a string, found nothing",
                "{\"prompt\": \"a\", \"completion\": 3}|completion: expected a string, found the number 3",
                "{\"prompt\": \"a\", \"completoin\": \"b\"}|unknown field \"completoin\"; did you mean \"completion\"?",
                "{\"messages\": []}|messages: expected an array of",
                "{\"messages\": [{}]}|messages: a message without role",
                "{\"messages\": [{\"role\": 1}], \"tools\": {}}|tools: expected an array",
                "{\"prompt\": \"a\", \"prompt\": \"b\"}|not JSON: Duplicate field",
                "{\"prompt\": \"a\"} x|not JSON",
                "[1]|expected a JSON object, found an array",
                "{\"prompt\": \"\u20ac\", \"completion\": \"b\"}|the tokenizer made id 8364",
            })
    void namesFileLineAndField(String row, String message) throws IOException {
        Path file = write("{\"ids\": [1, 2], \"weights\": [0, 1]}", row);
        assertThatThrownBy(() -> reader().read(file))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(file + ":2: ")
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(((AwlException) e).exitCode()).isEqualTo(2));
    }

    @Test
    void saysWhatIsNotUsedAndWhatTeachesNothing() throws IOException {
        Path file = write(
                "{\"ids\": [1, 2], \"weights\": [0, 1], \"source\": \"x\"}", "{\"ids\": [1, 2], \"weights\": [5, 0]}");
        assertThat(reader().read(file).notes())
                .containsExactly(
                        file + ": field \"source\" of 1 rows is not used",
                        file + ": 1 rows have nothing to learn (first: " + file + ":2)");
        assertThatThrownBy(() -> reader().read(write("{\"ids\": [1, 2], \"weights\": [1, 0]}")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("none of the 1 rows has a token to learn");
    }

    @Test
    void refusesFilesThatAreNotThereEmptyOrNotText() throws IOException {
        assertThatThrownBy(() -> reader().read(folder.resolve("none.jsonl")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no such data file");
        assertThatThrownBy(() -> reader().read(write(""))).hasMessageContaining("no rows");
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe, 10});
        assertThatThrownBy(() -> reader().read(binary)).hasMessageContaining("is not UTF-8");
    }

    @Test
    void lengthLimitNeverLosesALearnedTokenInSilence() {
        Example tail = new Example("tail", new int[8], new float[] {0, 1, 0, 0, 0, 0, 0, 0}, 1, "f:1");
        Example learned = new Example("learned", new int[8], new float[] {0, 1, 0, 0, 0, 1, 0, 0}, 1, "f:2");
        List<String> notes = new ArrayList<>();

        assertThat(only(LengthLimit.apply(List.of(tail), 5, notes).getFirst()).ids())
                .hasSize(5);
        assertThat(notes).hasSize(1).first().asString().contains("only tokens that are not learned were lost");
        assertThat(LengthLimit.apply(List.of(tail, learned), 8, notes)).containsExactly(tail, learned);
        assertThatThrownBy(() -> LengthLimit.apply(List.of(tail, learned), 5, notes))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("f:2: data.max_length is 5")
                .hasMessageContaining("learned (8 tokens)")
                .hasMessageContaining("to 6 or more");
    }
}
