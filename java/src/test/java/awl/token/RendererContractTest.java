package awl.token;

import static org.assertj.core.api.Assertions.assertThat;

import awl.DataException;
import awl.Json;
import awl.Shared;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.chat.Message;
import awl.token.jinja.RenderOptions;
import awl.token.jinja.TemplateException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What training tokens must be, for every family's template with a tokenizer in its manner: the template's
/// text tokenized whole; at every learned turn the ids begin with the turn's inference prompt; weights on
/// the turn and the token that ends it, and on nothing else.
class RendererContractTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final RenderOptions OPTIONS =
            RenderOptions.standard().withClock(Clock.fixed(Instant.parse("2026-01-15T12:34:56Z"), ZoneOffset.UTC));

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
                    learned += conversation(each.getKey(), conversation(each.getValue()), renderer, marked, end);
                } catch (TemplateException refused) {
                    assertThat(refused.kind()).isNotEqualTo(TemplateException.Kind.LIMIT);
                }
            }
        }
        assertThat(learned).as("learned turns").isGreaterThan(10);
    }

    private static Map<String, JsonNode> conversations(Path chat) throws IOException {
        Map<String, JsonNode> all = new LinkedHashMap<>();
        JSON.readTree(chat.resolve("conversations.json").toFile())
                .properties()
                .forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        // No conversation, or one whose roles the engine does not know: refused before any template sees it.
        all.remove("no_messages");
        all.remove("unknown_role");
        return all;
    }

    private static Conversation conversation(JsonNode json) {
        JsonNode tools = json.path("kwargs").path("tools");
        return ConversationReader.of(
                Json.plain(json.get("messages")), tools.isMissingNode() ? null : Json.plain(tools));
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
            assertThat(learnt.strip())
                    .as(at)
                    .matches("(?s).*(" + java.util.regex.Pattern.quote(end) + "|<\\|eom_id\\|>)");
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

    /// The inference prompt of a message; where the template has no generation prompt, with the header it
    /// writes.
    private static String promptText(Renderer renderer, ChatTemplate.Request request, int message) {
        return renderer.promptText(upTo(request, message));
    }

    private static Conversation upTo(ChatTemplate.Request request, int message) {
        return ConversationReader.of(request.messages().subList(0, message), request.tools());
    }

    private static List<int[]> runs(float[] weights) {
        List<int[]> runs = new ArrayList<>();
        int t = 0;
        while (t < weights.length) {
            int from = t;
            while (t < weights.length && weights[t] != 0f) {
                t++;
            }
            if (t > from) {
                runs.add(new int[] {from, t});
            }
            t++;
        }
        return runs;
    }

    /// Train/serve parity: whatever a template does to earlier turns, every assistant turn is learned exactly once,
    /// in a document that begins with the very ids the model is given when it writes that turn.
    @TestFactory
    Stream<DynamicTest> everyTurnIsLearnedOnceBehindItsInferencePrompt() throws IOException {
        Path shared = Shared.root().resolve("golden/chat");
        Path chat = Files.exists(shared) ? shared : Shared.resource("golden/chat");
        List<Path> templates = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(chat, "*.jinja")) {
            files.forEach(templates::add);
        }
        Collections.sort(templates);
        Map<String, JsonNode> conversations = conversations(chat);
        return templates.stream()
                .filter(file -> !file.getFileName().toString().startsWith("own_feature"))
                // Shows no text that is not a list of parts.
                .filter(file -> !file.endsWith("llava_next.jinja"))
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> parity(file, conversations)));
    }

    private static void parity(Path file, Map<String, JsonNode> conversations) throws IOException {
        String source = Files.readString(file);
        boolean marked = source.contains("endgeneration");
        int learned = 0;
        try (CheckpointText text =
                CheckpointText.folder(Shared.resource("golden/tokenizer").resolve("qwen2_like"))) {
            List<String> notes = new ArrayList<>();
            Renderer renderer = Renderer.of(
                            text.tokenizer(),
                            ChatTemplate.of(source, file.getFileName().toString()),
                            Map.of("bos_token", "<s>", "eos_token", "<|im_end|>"))
                    .withOptions(OPTIONS)
                    .withNotes(notes::add);
            for (Map.Entry<String, JsonNode> each : conversations.entrySet()) {
                Conversation conversation = conversation(each.getValue());
                ChatTemplate.Request request;
                List<Rendered> documents;
                notes.clear();
                try {
                    request = renderer.request(conversation, false);
                    documents = renderer.documents(conversation, 0);
                } catch (DataException refused) {
                    continue;
                }
                List<Prompt> prompts = new ArrayList<>();
                for (int i = 0; i < request.messages().size(); i++) {
                    if (TurnFinder.isAssistant(request.messages().get(i)) && i > 0) {
                        prompts.add(Prompt.of(renderer, request, i));
                    }
                }
                boolean opens = TurnFinder.isAssistant(request.messages().getFirst());
                int turns = 0;
                for (Rendered document : documents) {
                    for (int[] run : runs(document.weights())) {
                        int[] before = Arrays.copyOf(document.ids(), run[0]);
                        Optional<Prompt> prompt = prompts.stream()
                                .filter(known -> known.leadsTo(before))
                                .findFirst();
                        assertThat(marked || opens || prompt.isPresent())
                                .as(
                                        "%s: is no prompt, or one learned before: %s",
                                        each.getKey(), text.tokenizer().decode(before, false))
                                .isTrue();
                        prompt.ifPresent(prompts::remove);
                        turns++;
                    }
                }
                if (!marked) {
                    assertThat(turns + notes.size())
                            .as("%s %s", each.getKey(), notes)
                            .isEqualTo(request.messages().stream()
                                    .filter(TurnFinder::isAssistant)
                                    .count());
                }
                learned += turns;
            }
        }
        assertThat(learned).isPositive();
    }

    /// @param header whether the template has no generation prompt here, so that the header it writes is the turn's
    private record Prompt(int[] ids, boolean header) {
        static Prompt of(Renderer renderer, ChatTemplate.Request request, int message) {
            String text = promptText(renderer, request, message);
            String without = renderer.detail(request.head(message)).text();
            return new Prompt(renderer.tokenizer().encode(text, false), text.equals(without));
        }

        boolean leadsTo(int[] before) {
            return header
                    ? before.length >= ids.length && Arrays.equals(before, 0, ids.length, ids, 0, ids.length)
                    : Arrays.equals(before, ids);
        }
    }

    @ParameterizedTest
    @CsvSource({"qwen3, qwen2_like", "own_mistral_v3_tools, sp_bpe_prepend"})
    void rewrittenTurnsComeAsDocumentsOfTheirOwn(String template, String tokenizer) throws IOException {
        Path chat = template.startsWith("own") ? Shared.resource("golden/chat") : Shared.require("golden/chat");
        Path folder = Shared.resource("golden/tokenizer").resolve(tokenizer);
        Conversation conversation = new Conversation(
                List.of(
                        Message.user("One?"),
                        new Message.Assistant(
                                Map.of("role", "assistant", "content", "First.", "reasoning_content", "Hm."),
                                List.of()),
                        Message.user("Two?"),
                        Message.assistant("Second.")),
                List.of(awl.chat.ToolSpec.of("clock", "The time.", Map.of("type", "object", "properties", Map.of()))));
        try (CheckpointText text = CheckpointText.folder(folder)) {
            List<String> notes = new ArrayList<>();
            Renderer renderer = Renderer.of(
                            text.tokenizer(),
                            ChatTemplate.of(Files.readString(chat.resolve(template + ".jinja")), template),
                            text.specialTokens())
                    .withOptions(OPTIONS)
                    .withNotes(notes::add);
            Rendered whole = renderer.render(conversation);
            assertThat(runs(whole.weights())).hasSize(1);
            assertThat(notes).hasSize(1).allMatch(note -> note.startsWith("messages[1] is not learned"));
            notes.clear();
            List<Rendered> rows = renderer.documents(conversation, 0);
            assertThat(rows).hasSize(2);
            assertThat(notes).isEmpty();
            int[] first = runs(rows.get(1).weights()).getFirst();
            String learnt =
                    text.tokenizer().decode(Arrays.copyOfRange(rows.get(1).ids(), first[0], first[1]), false);
            assertThat(learnt).contains("First.").doesNotContain("Second.");
            assertThat(Arrays.copyOf(rows.get(1).ids(), first[0]))
                    .isEqualTo(renderer.prompt(
                            new Conversation(conversation.messages().subList(0, 1), conversation.tools())));
            // A prompt's turns are not learned, and make no document.
            List<Rendered> last = renderer.documents(conversation, 2);
            assertThat(last).hasSize(1);
            assertThat(last.getFirst().weights()).isEqualTo(rows.getFirst().weights());
            assertThat(renderer.documents(conversation, 4).getFirst().weights()).containsOnly(0f);
        }
    }

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

    /// The format is recognised, and a call that the template writes is read back from the learned tokens.
    private static void format(Path chat, String template, String tokenizer, String format) throws IOException {
        try (CheckpointText text =
                CheckpointText.folder(Shared.resource("golden/tokenizer").resolve(tokenizer))) {
            Renderer renderer = Renderer.of(
                            text.tokenizer(),
                            ChatTemplate.of(Files.readString(chat.resolve(template + ".jinja")), template),
                            text.specialTokens())
                    .withOptions(OPTIONS);
            assertThat(renderer.callFormat().name()).isEqualTo(format);
            var call = new awl.chat.ToolCall.Parsed(
                    format.equals("mistral") ? "abcdefghi" : null,
                    "pendulum",
                    Map.of("length", 1.5, "note", "it's \"é\"\n"));
            Conversation conversation = new Conversation(
                    List.of(
                            Message.user("Swing."),
                            Message.assistant("", List.of(call)),
                            Message.reply(call, "2.4"),
                            Message.assistant("It takes 2.4 s.")),
                    List.of(awl.chat.ToolSpec.of(
                            "pendulum", "Swings.", Map.of("type", "object", "properties", Map.of()))));
            Rendered rendered = renderer.render(conversation);
            List<int[]> runs = runs(rendered.weights());
            assertThat(runs).hasSize(2);
            String learnt = text.tokenizer()
                    .decode(Arrays.copyOfRange(rendered.ids(), runs.getFirst()[0], runs.getFirst()[1]), false);
            assertThat(renderer.turn(learnt).calls()).containsExactly(call);
            assertThat(renderer.turn(learnt).text()).isEmpty();
        }
    }

    @org.junit.jupiter.api.Test
    void aTemplateThatRefusesIsTheRowsError() throws IOException {
        Path chat = Shared.resource("golden/chat");
        try (CheckpointText text =
                CheckpointText.folder(Shared.resource("golden/tokenizer").resolve("sp_bpe_gemma"))) {
            Renderer renderer = Renderer.of(
                    text.tokenizer(),
                    ChatTemplate.of(Files.readString(chat.resolve("own_gemma_system.jinja")), "gemma"),
                    text.specialTokens());
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> renderer.render(Conversation.of(Message.user("a"), Message.user("b"))))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("roles must alternate");
        }
    }
}
