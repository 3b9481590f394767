package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PreferenceFileTest {

    @TempDir
    Path folder;

    /// One id a letter; `<` before an assistant turn, whose letters are learned.
    private static final RowRenderer LETTERS = new RowRenderer() {
        @Override
        public List<Rendered> conversation(JsonNode messages, @Nullable JsonNode tools, int from) {
            StringBuilder text = new StringBuilder(tools == null ? "" : "T");
            StringBuilder learned = new StringBuilder(tools == null ? "" : "0");
            for (int m = 0; m < messages.size(); m++) {
                JsonNode message = messages.get(m);
                String content = message.get("content").asText();
                boolean assistant = message.get("role").asText().equals("assistant");
                text.append(assistant ? "<" : "").append(content);
                String mark = assistant && m >= from ? "1" : "0";
                learned.append(assistant ? "0" : "").append(mark.repeat(content.length()));
            }
            float[] weights = new float[text.length()];
            for (int t = 0; t < weights.length; t++) {
                weights[t] = learned.charAt(t) - '0';
            }
            return List.of(new Rendered(text.chars().toArray(), weights));
        }

        @Override
        public Rendered completion(String prompt, String completion) {
            String all = prompt + completion + ".";
            float[] weights = new float[all.length()];
            java.util.Arrays.fill(weights, prompt.length(), weights.length, 1);
            return new Rendered(all.chars().toArray(), weights);
        }
    };

    private List<PreferencePair> read(String... lines) throws IOException {
        Path file = Files.write(folder.resolve("pairs.jsonl"), List.of(lines));
        return new PreferenceFile(200, () -> LETTERS).read(file).pairs();
    }

    /// Text of a branch with its learned letters in capitals.
    private static String shown(Example branch) {
        StringBuilder text = new StringBuilder();
        Rendered document = branch.documents().getFirst();
        for (int t = 0; t < document.ids().length; t++) {
            char letter = (char) document.ids()[t];
            text.append(document.weights()[t] == 0 ? letter : Character.toUpperCase(letter));
        }
        return text.toString();
    }

    @Test
    void readsRowsOfEveryKindWithWeightsAndReferences() throws IOException {
        List<PreferencePair> pairs = read(
                "{\"id\": \"a\", \"chosen\": {\"ids\": [1, 2], \"weights\": [0, 0.5]}, \"rejected\": {\"ids\": [1, 3, 4],"
                        + " \"weights\": [0, 1, 1]}, \"pair_weight\": 0.25, \"reference_logp\": [-1.5, -2]}",
                "{\"chosen\": {\"prompt\": \"ab\", \"completion\": \"c\"}, \"rejected\": {\"messages\": [{\"role\": \"user\","
                        + " \"content\": \"ab\"}, {\"role\": \"assistant\", \"content\": \"d\"}], \"tools\": [{}]}}");
        assertThat(pairs.get(0).chosen().documents().getFirst().weights()).containsExactly(0f, 0.5f);
        assertThat(pairs.get(0).weight()).isEqualTo(0.25);
        assertThat(pairs.get(0).reference()).isEqualTo(new PreferencePair.LogProbs(-1.5, -2));
        assertThat(shown(pairs.get(1).chosen())).isEqualTo("abC.");
        assertThat(shown(pairs.get(1).rejected())).isEqualTo("Tab<D");
        assertThat(pairs.get(1).weight()).isEqualTo(1);
        assertThat(pairs.get(1).reference()).isNull();
    }

    @Test
    void readsRowsAsTrlWritesThem() throws IOException {
        String user = "{\"role\": \"user\", \"content\": \"q\"}";
        String history = "{\"role\": \"assistant\", \"content\": \"h\"}";
        String one = "{\"role\": \"assistant\", \"content\": \"c\"}";
        String two = "{\"role\": \"assistant\", \"content\": \"r\"}";
        List<PreferencePair> pairs = read(
                "{\"prompt\": \"ab \", \"chosen\": \"c\", \"rejected\": \"d\"}",
                "{\"chosen\": \"the sky is blue\", \"rejected\": \"the sky is blurred\"}",
                "{\"prompt\": [%s, %s, %s], \"chosen\": [%s], \"rejected\": [%s]}"
                        .formatted(user, history, user, one, two),
                "{\"chosen\": [%s, %s, %s, %s], \"rejected\": [%s, %s, %s, %s]}"
                        .formatted(user, history, user, one, user, history, user, two));
        assertThat(shown(pairs.get(0).chosen())).isEqualTo("ab C.");
        assertThat(shown(pairs.get(1).chosen())).isEqualTo("the sky is BLUE.");
        assertThat(shown(pairs.get(1).rejected())).isEqualTo("the sky is BLURRED.");
        for (PreferencePair pair : pairs.subList(2, 4)) {
            assertThat(shown(pair.chosen())).isEqualTo("q<hq<C");
            assertThat(shown(pair.rejected())).isEqualTo("q<hq<R");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"chosen\": {}}|expected chosen and rejected (objective.type is dpo or ipo), found chosen",
                "{\"messages\": []}|expected chosen and rejected (objective.type is dpo or ipo), found messages",
                "{\"chosen\": {}, \"rejected\": {}}|chosen.expected exactly one of messages",
                "{\"chosen\": {\"prompt\": \"a\", \"completion\": \"b\"}, \"rejected\": {\"prompt\": \"a\"}}|rejected.completion: expected a string",
                "{\"chosen\": {\"ids\": [1], \"weights\": [1]}, \"rejected\": {\"ids\": [1, 2], \"weights\": [0, 1]}}|chosen: has no token to learn",
                "{\"chosen\": {\"ids\": [1, 2], \"weights\": [0, -1]}, \"rejected\": {\"ids\": [1, 2], \"weights\": [0, 1]}}|chosen.weights: expected a positive sum",
                "{\"chosen\": {\"ids\": [1, 200], \"weights\": [0, 1]}, \"rejected\": {\"ids\": [1, 2], \"weights\": [0, 1]}}|chosen.ids[1]: expected an id from 0 to 199",
                "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": 3}|rejected: expected a row, an array of messages or a string",
                "{\"prompt\": \"a\", \"chosen\": [{\"role\": \"user\"}], \"rejected\": \"b\"}|prompt: expected an array",
                "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\", \"pair_weight\": -1}|pair_weight: expected a finite number",
                "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\", \"reference_logp\": [1]}|reference_logp: expected [chosen, rejected]",
                "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\", \"pair_wieght\": 1}|unknown field \"pair_wieght\"; did you mean \"pair_weight\"?",
                "{\"chosen\": {\"promt\": \"a\"}, \"rejected\": {}}|chosen.unknown field \"promt\"; did you mean \"prompt\"?",
            })
    void namesFileLineAndField(String row, String message) {
        String good = "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}";
        assertThatThrownBy(() -> read(good, row))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("pairs.jsonl:2: " + message);
    }

    @Test
    void theBranchesOfAPairStayTogetherHoweverTheyArePacked() throws IOException {
        String[] lines = new String[9];
        for (int p = 0; p < lines.length; p++) {
            lines[p] = "{\"prompt\": \"a\", \"chosen\": \"%s\", \"rejected\": \"%s\"}"
                    .formatted("b".repeat(1 + p), "c".repeat(9 - p));
        }
        PairRows rows = new PairRows(read(lines), new RowOrder(true, 1));
        for (Packer packer : List.of(new Packer(false, 1, 2), new Packer(true, 40, 1), new Packer(true, 14, 1))) {
            StepBatches step = new BatchStream(rows, packer, 6).at(1);
            assertThat(step.normaliser()).isEqualTo(6);
            int documents = 0;
            for (Batch batch : step.microBatches()) {
                for (int group : batch.documentGroup()) {
                    assertThat(batch.documentGroup()).contains(group ^ 1);
                }
                documents += batch.documents();
            }
            assertThat(documents).isEqualTo(12);
        }
    }
}
