package awl.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.DataException;
import awl.Shared;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HuggingFaceTokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static String json(String name) throws IOException {
        return Files.readString(
                Shared.resource("golden/tokenizer").resolve(name).resolve("tokenizer.json"));
    }

    @Test
    void offsetsAreUtf16() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json("qwen2_like"), "qwen2_like")) {
            String text = "a😀b";
            Tokenizer.Encoding encoding = tokenizer.encodeWithOffsets(text, false);
            assertThat(encoding.end()[encoding.end().length - 1]).isEqualTo(text.length());
            assertThat(encoding.start()[encoding.start().length - 1]).isEqualTo(3);
        }
    }

    @Test
    void truncationAndPaddingOfTheFileAreOff() throws IOException {
        ObjectNode file = (ObjectNode) JSON.readTree(json("qwen2_like"));
        file.set(
                "truncation",
                JSON.readTree(
                        "{\"max_length\": 4, \"stride\": 0, \"strategy\": \"LongestFirst\", \"direction\": \"Right\"}"));
        file.set(
                "padding",
                JSON.readTree("{\"strategy\": {\"Fixed\": 64}, \"direction\": \"Right\", \"pad_to_multiple_of\": null,"
                        + " \"pad_id\": 0, \"pad_type_id\": 0, \"pad_token\": \"!\"}"));
        String text = "one two three four five six ".repeat(1000);
        try (HuggingFaceTokenizer plain = HuggingFaceTokenizer.of(json("qwen2_like"), "plain");
                HuggingFaceTokenizer bounded = HuggingFaceTokenizer.of(file.toString(), "bounded")) {
            assertThat(bounded.encode(text, true))
                    .isEqualTo(plain.encode(text, true))
                    .hasSizeGreaterThan(1000);
            assertThat(bounded.encode("x", true)).hasSize(1);
        }
    }

    @Test
    void vocabulary() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json("llama3_like"), "llama3_like")) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(2016);
            assertThat(tokenizer.idOf("<|eot_id|>")).isEqualTo(2006);
            assertThat(tokenizer.idOf("Ġ")).isEqualTo(220);
            assertThat(tokenizer.idOf("no such token")).isEqualTo(-1);
        }
    }

    @Test
    void aLoneSurrogateIsReadAsTheReplacementCharacter() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json("qwen2_like"), "qwen2_like")) {
            assertThat(tokenizer.encode("a\ud83db", false)).isEqualTo(tokenizer.encode("a\ufffdb", false));
            assertThat(tokenizer.encode("\ude00", false)).isEqualTo(tokenizer.encode("\ufffd", false));
        }
    }

    @Test
    void isSharedBetweenThreads() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json("sp_bpe_gemma"), "gemma")) {
            int[] expected = tokenizer.encode("return the value 1234", true);
            assertThat(IntStream.range(0, 2000)
                            .parallel()
                            .allMatch(i ->
                                    java.util.Arrays.equals(expected, tokenizer.encode("return the value 1234", true))))
                    .isTrue();
        }
    }

    @Test
    void closedTwiceAndUsedAfterwards() throws IOException {
        HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json("sp_bpe_gemma"), "gemma");
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("x", false)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void wrongIdsAreTheUsersMistake() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json("sp_bpe_gemma"), "gemma")) {
            assertThatThrownBy(() -> tokenizer.decode(new int[] {-1}, false)).isInstanceOf(DataException.class);
            assertThat(tokenizer.decode(new int[] {1_000_000_000}, false)).isEmpty();
        }
    }

    @Test
    void damagedFilesAreRefused() throws IOException {
        String good = json("llama3_like");
        ObjectNode unlisted = (ObjectNode) JSON.readTree(good);
        ((ObjectNode) unlisted.at("/post_processor/processors/1/special_tokens")).removeAll();
        for (String bad : List.of(
                "",
                "[]",
                "{}",
                "{\"model\": {}}",
                "[".repeat(1_000_000),
                "{\"added_tokens\": " + "[".repeat(1_000_000),
                good.substring(0, good.length() / 2),
                unlisted.toString())) {
            assertThatThrownBy(() -> HuggingFaceTokenizer.of(bad, "bad"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith("bad: ");
        }
    }
}
