package awl.token;

import static awl.token.LearnedTurns.OPTIONS;
import static awl.token.LearnedTurns.conversations;
import static awl.token.LearnedTurns.promptText;
import static awl.token.LearnedTurns.runs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import awl.Shared;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.token.jinja.TemplateException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What training tokens must be, for every family's template with a tokenizer in its manner: the
/// template's text tokenized whole; at every learned turn the ids begin with the turn's inference
/// prompt; weights on the turn and the token that ends it, and on nothing else.
class RendererContractTest {

    @ParameterizedTest
    @CsvSource({
        "own_chatml, smollm_like, <|im_end|>",
        "own_chatml, qwen2_like, <|im_end|>",
        "own_chatml_mask, qwen2_like, <|im_end|>",
        "own_llama_tools, llama3_like, <|eot_id|>",
        "own_mistral_v1, sp_bpe_prepend, </s>",
        "own_mistral_v3_tools, sp_bpe_metaspace, </s>",
        "own_mistral_v7, sp_bpe_prepend, </s>",
        "own_gemma_system, sp_bpe_gemma, <end_of_turn>",
        "own_phi_roles, sp_bpe_metaspace, <|end|>",
        "own_zephyr, sp_bpe_prepend, </s>"
    })
    void ownTemplates(String template, String tokenizer, String end) throws IOException {
        check(Shared.resource("golden/chat"), template, tokenizer, end);
    }

    @ParameterizedTest
    @CsvSource({
        "llama3, llama3_like, <|eot_id|>",
        "llama3_1, llama3_like, <|eot_id|>",
        "llama3_2, llama3_like, <|eot_id|>",
        "qwen2_5, qwen2_like, <|im_end|>",
        "qwen3, qwen2_like, <|im_end|>",
        "qwen3_instruct_2507, qwen2_like, <|im_end|>",
        "gemma, sp_bpe_gemma, <end_of_turn>",
        "phi3, sp_bpe_metaspace, <|end|>",
        "phi3_5, sp_bpe_prepend, <|end|>"
    })
    void familyTemplates(String template, String tokenizer, String end) throws IOException {
        check(Shared.require("golden/chat"), template, tokenizer, end);
    }

    private static void check(Path chat, String template, String tokenizer, String end) throws IOException {
        Path folder = Shared.resource("golden/tokenizer").resolve(tokenizer);
        int learned = 0;
        try (CheckpointText text = CheckpointText.folder(folder)) {
            ChatTemplate source = ChatTemplate.of(Files.readString(chat.resolve(template + ".jinja")), template);
            boolean marked = Files.readString(chat.resolve(template + ".jinja")).contains("endgeneration");
            for (Map.Entry<String, JsonNode> each : conversations(chat).entrySet()) {
                Map<String, Object> variables = new LinkedHashMap<>(text.specialTokens());
                Renderer renderer =
                        Renderer.of(text.tokenizer(), source, variables).withOptions(OPTIONS);
                try {
                    learned += conversation(
                            each.getKey(), LearnedTurns.conversation(each.getValue()), renderer, marked, end);
                } catch (TemplateException refused) {
                    assertThat(refused.kind()).isNotEqualTo(TemplateException.Kind.LIMIT);
                }
            }
        }
        assertThat(learned).as("learned turns").isGreaterThan(10);
    }

    private static int conversation(
            String name, Conversation conversation, Renderer renderer, boolean marked, String end) {
        Tokenizer tokenizer = renderer.tokenizer();
        ChatTemplate.Request request = renderer.request(conversation, false);
        Renderer.Detail detail = renderer.detail(request);
        assertThat(detail.ids()).as(name).isEqualTo(tokenizer.encode(detail.text(), false));
        assertThat(detail.weights()).as(name).containsAnyOf(0f).hasSameSizeAs(detail.ids());

        List<int[]> runs = runs(detail.weights());
        List<Integer> assistants = new ArrayList<>();
        for (int i = 0; i < request.messages().size(); i++) {
            if (TurnFinder.isAssistant(request.messages().get(i))) {
                assistants.add(i);
            }
        }
        assertThat(runs.size() + detail.notes().size())
                .as(name + detail.notes())
                .isEqualTo(assistants.size());
        if (marked || !detail.notes().isEmpty()) {
            return runs.size();
        }
        for (int r = 0; r < runs.size(); r++) {
            int[] run = runs.get(r);
            int message = assistants.get(r);
            String learnt = tokenizer.decode(Arrays.copyOfRange(detail.ids(), run[0], run[1]), false);
            String content = request.messages().get(message).get("content") instanceof String s ? s : "";
            String at = name + " message " + message + ": " + learnt;
            assertThat(learnt.strip()).as(at).matches("(?s).*(" + Pattern.quote(end) + "|<\\|eom_id\\|>)");
            assertThat(detail.text().substring(detail.start()[run[0]], detail.end()[run[1] - 1]))
                    .as(at)
                    .contains(content.strip());
            assertThat(learnt).as(at).doesNotContain("<|im_start|>", "<|start_header_id|>", "[INST]", "<|assistant|>");
            if (message == 0 || !content.equals(content.stripLeading())) {
                // Nothing was asked before it; or the tokenizer may join the header's last blank to the
                // content's first.
                continue;
            }
            int[] prompt = tokenizer.encode(promptText(renderer, request, message), false);
            assertThat(run[0]).as(at).isEqualTo(prompt.length);
            assertThat(Arrays.copyOf(detail.ids(), prompt.length)).as(at).isEqualTo(prompt);
        }
        return runs.size();
    }

    @Test
    void aTemplateThatRefusesIsTheRowsError() throws IOException {
        Path chat = Shared.resource("golden/chat");
        try (CheckpointText text =
                CheckpointText.folder(Shared.resource("golden/tokenizer").resolve("sp_bpe_gemma"))) {
            Renderer renderer = Renderer.of(
                    text.tokenizer(),
                    ChatTemplate.of(Files.readString(chat.resolve("own_gemma_system.jinja")), "gemma"),
                    text.specialTokens());
            assertThatThrownBy(() -> renderer.render(Conversation.of(Message.user("a"), Message.user("b"))))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("roles must alternate");
        }
    }
}
