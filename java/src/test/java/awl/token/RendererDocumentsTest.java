package awl.token;

import static awl.token.LearnedTurns.OPTIONS;
import static awl.token.LearnedTurns.conversation;
import static awl.token.LearnedTurns.conversations;
import static awl.token.LearnedTurns.promptText;
import static awl.token.LearnedTurns.runs;
import static org.assertj.core.api.Assertions.assertThat;

import awl.DataException;
import awl.Shared;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolSpec;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A conversation as documents, one or several where its template rewrites earlier turns.
class RendererDocumentsTest {

    /// Train/serve parity: whatever a template does to earlier turns, every assistant turn is learned
    /// exactly once, in a document that begins with the very ids the model is given when it writes that
    /// turn.
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

    /// @param header whether the template has no generation prompt here, so that the header it writes
    ///     is the turn's
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
                List.of(ToolSpec.of("clock", "The time.", Map.of("type", "object", "properties", Map.of()))));
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
}
