package awl.token;

import static awl.token.LearnedTurns.OPTIONS;
import static awl.token.LearnedTurns.runs;
import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// In which form a template writes tool calls, and that a renderer sees it and reads them back.
class RendererCallFormatTest {

    @ParameterizedTest
    @CsvSource({
        "own_chatml, qwen2_like, plain",
        "own_chatml_mask, qwen2_like, plain",
        "own_gemma_system, sp_bpe_gemma, plain",
        "own_mistral_v7, sp_bpe_prepend, plain",
        "own_mistral_v3_tools, sp_bpe_prepend, mistral",
        "own_llama_tools, llama3_like, llama"
    })
    void callFormatIsSeenInTheTemplate(String template, String tokenizer, String format) throws IOException {
        format(Shared.resource("golden/chat"), template, tokenizer, format);
    }

    @ParameterizedTest
    @CsvSource({
        "qwen2_5, qwen2_like, hermes",
        "qwen3, qwen2_like, hermes",
        "llama3_1, llama3_like, llama",
        "llama3_2, llama3_like, llama",
        "llama3, llama3_like, plain",
        "phi3, sp_bpe_prepend, plain",
        "gemma, sp_bpe_gemma, plain"
    })
    void callFormatOfTheFamilies(String template, String tokenizer, String format) throws IOException {
        format(Shared.require("golden/chat"), template, tokenizer, format);
    }

    /// The format is recognised, and a call that the template writes is read back from the learned
    /// tokens.
    private static void format(Path chat, String template, String tokenizer, String format) throws IOException {
        try (CheckpointText text =
                CheckpointText.folder(Shared.resource("golden/tokenizer").resolve(tokenizer))) {
            Renderer renderer = Renderer.of(
                            text.tokenizer(),
                            ChatTemplate.of(Files.readString(chat.resolve(template + ".jinja")), template),
                            text.specialTokens())
                    .withOptions(OPTIONS);
            assertThat(renderer.callFormat().name()).isEqualTo(format);
            var call = new ToolCall.Parsed(
                    format.equals("mistral") ? "abcdefghi" : null,
                    "pendulum",
                    Map.of("length", 1.5, "note", "it's \"é\"\n"));
            Conversation conversation = new Conversation(
                    List.of(
                            Message.user("Swing."),
                            Message.assistant("", List.of(call)),
                            Message.reply(call, "2.4"),
                            Message.assistant("It takes 2.4 s.")),
                    List.of(ToolSpec.of("pendulum", "Swings.", Map.of("type", "object", "properties", Map.of()))));
            Rendered rendered = renderer.render(conversation);
            List<int[]> runs = runs(rendered.weights());
            assertThat(runs).hasSize(2);
            String learnt = text.tokenizer()
                    .decode(Arrays.copyOfRange(rendered.ids(), runs.getFirst()[0], runs.getFirst()[1]), false);
            assertThat(renderer.turn(learnt).calls()).containsExactly(call);
            assertThat(renderer.turn(learnt).text()).isEmpty();
        }
    }
}
