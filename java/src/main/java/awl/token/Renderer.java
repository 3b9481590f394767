package awl.token;

import awl.ConfigException;
import awl.DataException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.token.HuggingFaceTokenizer.AddedToken;
import awl.token.TurnFinder.Found;
import awl.token.jinja.RenderOptions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Conversations to token ids with weights, and back. Thread-safe.
///
/// The text is what the checkpoint's own chat template gives, the ids are that text tokenized whole (the
/// template writes its own special tokens; none is added). Weight 1 stands on what the assistant writes and
/// on the token that ends its turn, 0 on everything else; see [TurnFinder] for how turns are found. At every
/// learned turn the ids begin with those of the turn's inference prompt.
public final class Renderer {

    private final Tokenizer tokenizer;
    private final @Nullable ChatTemplate template;
    private final Map<String, ?> variables;
    private final RenderOptions options;
    private final @Nullable CallFormat chosenFormat;
    private final Consumer<String> notes;
    private final TurnEnds ends;
    private final Set<Integer> specialIds = new HashSet<>();
    private @Nullable TemplateTraits traits;

    private Renderer(
            Tokenizer tokenizer,
            @Nullable ChatTemplate template,
            Map<String, ?> variables,
            RenderOptions options,
            @Nullable CallFormat chosenFormat,
            Consumer<String> notes) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.variables = variables;
        this.options = options;
        this.chosenFormat = chosenFormat;
        this.notes = notes;
        Set<String> special = new HashSet<>();
        if (tokenizer instanceof HuggingFaceTokenizer known) {
            for (AddedToken token : known.addedTokens().values()) {
                specialIds.add(token.id());
                if (token.special()) {
                    special.add(token.content());
                }
            }
        }
        this.ends = new TurnEnds(special, variables.get("eos_token") instanceof String eos ? Set.of(eos) : Set.of());
    }

    /// @param template null where the checkpoint has none: then only prompts and completions can be rendered
    /// @param variables what the template reads beside the messages: special tokens (`bos_token`), switches
    public static Renderer of(Tokenizer tokenizer, @Nullable ChatTemplate template, Map<String, ?> variables) {
        return new Renderer(tokenizer, template, variables, RenderOptions.standard(), null, note -> {});
    }

    public Renderer withOptions(RenderOptions other) {
        return new Renderer(tokenizer, template, variables, other, chosenFormat, notes);
    }

    /// Takes this call format and not the one the template shows.
    public Renderer withCallFormat(CallFormat format) {
        return new Renderer(tokenizer, template, variables, options, format, notes);
    }

    /// @param listener told of turns that are not learned, and why
    public Renderer withNotes(Consumer<String> listener) {
        return new Renderer(tokenizer, template, variables, options, chosenFormat, listener);
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /// Text, tokens and weights of a conversation, for showing.
    ///
    /// @param start UTF-16 offset in `text` of each token
    /// @param notes what is not learned, and why
    public record Detail(String text, int[] ids, float[] weights, int[] start, int[] end, List<String> notes) {
        public Rendered rendered() {
            return new Rendered(ids, weights);
        }
    }

    /// A whole conversation as one row of tokens. Where the template rewrites earlier turns, those are not
    /// learned from it; [#documents] is what training takes.
    ///
    /// @throws DataException where the template refuses it, or where it has assistant turns but none can be
    ///     learned
    public Rendered render(Conversation conversation) {
        Detail detail = detail(request(conversation, false));
        if (!detail.notes.isEmpty() && !anyLearned(detail.weights)) {
            throw new DataException(String.join("; ", detail.notes));
        }
        detail.notes.forEach(notes);
        return detail.rendered();
    }

    /// A conversation for training: documents in which every assistant turn from a message on is learned once,
    /// behind the very ids the model is given when it writes that turn.
    ///
    /// Most conversations give one document. A turn that a later part of the conversation rewrites (reasoning
    /// dropped once it is history, tools listed in the last user turn) comes in a document of its own: the
    /// conversation up to and with that turn. Turns that cannot even be learned there are told to the listener
    /// of [#withNotes].
    ///
    /// @param from index of the first message whose turn is learned; earlier ones are the prompt
    /// @return at least one document; the conversation whole and without weights where it has nothing to learn
    /// @throws DataException where the template refuses it, or where it has assistant turns but none can be
    ///     learned
    public List<Rendered> documents(Conversation conversation, int from) {
        ChatTemplate.Request whole = request(conversation, false);
        TreeSet<Integer> open = learnable(conversation, from, whole);
        List<Rendered> documents = new ArrayList<>();
        List<String> never = new ArrayList<>();
        Found found = finder().find(whole, open::contains);
        Found first = found;
        for (int count = whole.messages().size(); ; count = open.last() + 1) {
            if (count < whole.messages().size()) {
                found = finder().find(whole.head(count), open::contains);
            }
            if (!found.turns().isEmpty()) {
                documents.add(rendered(found));
            }
            found.turns().forEach(turn -> open.remove(turn.message()));
            // What cannot be learned where it is the last turn can be learned nowhere.
            if (open.remove(count - 1) && found.rewritten().containsKey(count - 1)) {
                never.add(note(count - 1, found.rewritten().get(count - 1)));
            }
            if (open.isEmpty() || found.turns().stream().anyMatch(turn -> turn.message() == TurnFinder.ALL)) {
                break;
            }
        }
        if (documents.isEmpty() && !never.isEmpty()) {
            throw new DataException(String.join("; ", never));
        }
        never.forEach(notes);
        return documents.isEmpty() ? List.of(rendered(first)) : List.copyOf(documents);
    }

    /// Indices of the assistant's messages in the request that belong to turns from a message on. What the
    /// request adds, joins or rewords are never the assistant's messages.
    private static TreeSet<Integer> learnable(Conversation conversation, int from, ChatTemplate.Request request) {
        long prompt = conversation.messages().stream()
                .limit(from)
                .filter(Message.Assistant.class::isInstance)
                .count();
        TreeSet<Integer> open = new TreeSet<>();
        for (int i = 0; i < request.messages().size(); i++) {
            if (TurnFinder.isAssistant(request.messages().get(i)) && prompt-- <= 0) {
                open.add(i);
            }
        }
        return open;
    }

    private Rendered rendered(Found found) {
        Tokenizer.Encoding tokens = tokens(found.text());
        return new Rendered(tokens.ids(), TurnFinder.weights(tokens, found.turns(), specialIds));
    }

    /// The ids a model is given to write the next turn.
    public int[] prompt(Conversation conversation) {
        return tokenizer.encode(promptText(conversation), false);
    }

    /// The text a model is given to write the next turn.
    public String promptText(Conversation conversation) {
        return needTemplate().render(request(conversation, true), options).text();
    }

    /// Reads what a model wrote as a turn. Calls that cannot be read stay in its text and are among its
    /// calls.
    ///
    /// @param text decoded with special tokens, for some formats mark calls by them
    public Message.Assistant turn(String text) {
        CallFormat.Turn parsed = callFormat().parse(ends.withoutEnds(text));
        return Message.assistant(parsed.text(), parsed.calls());
    }

    /// How calls are written: the format chosen, or the one the template shows.
    public CallFormat callFormat() {
        if (chosenFormat != null) {
            return chosenFormat;
        }
        return CallFormat.of(traits())
                .orElseThrow(() ->
                        new ConfigException("%s writes tool calls in a form that is none of %s; name one of them"
                                .formatted(
                                        needTemplate().name(),
                                        CallFormat.ALL.stream()
                                                .map(CallFormat::name)
                                                .toList())));
    }

    /// A prompt with its completion, as TRL does it: the prompt is tokenized as the model sees it at
    /// inference (with the special tokens the tokenizer puts in front), the completion and `eos_token`
    /// behind it are learned.
    ///
    /// Both are tokenized as one text. Where the tokenizer would join the prompt's end to the completion's
    /// beginning, so that the ids do not begin with the prompt's, they are tokenized apart.
    public Rendered completion(String prompt, String completion) {
        String eos = variables.get("eos_token") instanceof String token ? token : "";
        String ended = eos.isEmpty() || completion.endsWith(eos) ? completion : completion + eos;
        int[] head = withoutEnd(tokenizer.encode(prompt, true), eos);
        int[] whole = withoutDoubleEnd(tokenizer.encode(prompt + ended, true), eos);
        if (!startsWith(whole, head)) {
            int[] tail = tokenizer.encode(ended, false);
            whole = java.util.Arrays.copyOf(head, head.length + tail.length);
            System.arraycopy(tail, 0, whole, head.length, tail.length);
        }
        float[] weights = new float[whole.length];
        java.util.Arrays.fill(weights, head.length, whole.length, 1f);
        return new Rendered(whole, weights);
    }

    /// A post-processor may put `eos_token` behind every text; behind a prompt it would end the text.
    private int[] withoutEnd(int[] ids, String eos) {
        return !eos.isEmpty() && ids.length > 0 && ids[ids.length - 1] == tokenizer.idOf(eos)
                ? java.util.Arrays.copyOf(ids, ids.length - 1)
                : ids;
    }

    private int[] withoutDoubleEnd(int[] ids, String eos) {
        int last = ids.length - 1;
        boolean doubled = !eos.isEmpty() && last > 0 && ids[last] == tokenizer.idOf(eos) && ids[last - 1] == ids[last];
        return doubled ? java.util.Arrays.copyOf(ids, last) : ids;
    }

    private static boolean startsWith(int[] whole, int[] head) {
        return whole.length >= head.length && java.util.Arrays.equals(whole, 0, head.length, head, 0, head.length);
    }

    /// Text, tokens and weights of a request as it stands: messages are handed to the template unchanged.
    public Detail detail(ChatTemplate.Request request) {
        Found found = finder().find(request, message -> true);
        Tokenizer.Encoding tokens = tokens(found.text());
        List<String> said = new ArrayList<>();
        found.rewritten().forEach((message, reason) -> said.add(note(message, reason)));
        return new Detail(
                found.text(),
                tokens.ids(),
                TurnFinder.weights(tokens, found.turns(), specialIds),
                tokens.start(),
                tokens.end(),
                said);
    }

    /// Tokens whose ranges cover the text without gaps: some tokenizers leave blanks out of a token's range.
    private Tokenizer.Encoding tokens(String text) {
        Tokenizer.Encoding encoding = tokenizer.encodeWithOffsets(text, false);
        int[] start = encoding.start().clone();
        int covered = 0;
        for (int t = 0; t < start.length; t++) {
            start[t] = Math.min(start[t], covered);
            covered = Math.max(covered, encoding.end()[t]);
        }
        return new Tokenizer.Encoding(encoding.ids(), start, encoding.end());
    }

    /// What the template is asked for a conversation: tools as its family writes them, or as plain text
    /// where the template knows none.
    public ChatTemplate.Request request(Conversation conversation, boolean generationPrompt) {
        needTemplate();
        Conversation shown = conversation;
        if (usesTools(conversation) && (!traits().nativeTools() || chosenFormat == CallFormat.PLAIN)) {
            shown = PlainTools.applied(
                    conversation, chosenFormat == null ? CallFormat.PLAIN : chosenFormat, traits().system());
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        shown.messagesJson().forEach(message -> messages.add(new LinkedHashMap<>(message)));
        return new ChatTemplate.Request(messages, shown.toolsJson(), null, generationPrompt, variables);
    }

    private static boolean usesTools(Conversation conversation) {
        return !conversation.tools().isEmpty()
                || conversation.messages().stream()
                        .anyMatch(message -> message instanceof Message.ToolReply
                                || (message instanceof Message.Assistant turn
                                        && !turn.calls().isEmpty()));
    }

    private synchronized TemplateTraits traits() {
        if (traits == null) {
            traits = TemplateTraits.of(needTemplate(), variables, options);
        }
        return traits;
    }

    private TurnFinder finder() {
        return new TurnFinder(needTemplate(), options, ends);
    }

    private ChatTemplate needTemplate() {
        if (template == null) {
            throw new ConfigException("the model has no chat template, so that messages cannot be rendered; put a"
                    + " chat_template.jinja into its folder, or give prompts with completions");
        }
        return template;
    }

    private static String note(int message, @Nullable String reason) {
        return "messages[%d] is not learned: %s".formatted(message, Objects.requireNonNullElse(reason, ""));
    }

    private static boolean anyLearned(float[] weights) {
        for (float weight : weights) {
            if (weight != 0f) {
                return true;
            }
        }
        return false;
    }
}
