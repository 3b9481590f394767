package awl.token;

import awl.DataException;
import awl.token.jinja.RenderOptions;
import awl.token.jinja.RenderResult;
import awl.token.jinja.Span;
import awl.token.jinja.TemplateException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Finds where the assistant's turns stand in a rendered conversation.
///
/// A turn begins where its inference prompt ends (the conversation before it, rendered with the generation
/// prompt) and goes up to and with the token that ends it. A template with `{% generation %}` blocks says
/// itself where its turns stand; the token that ends the turn is added where it stands right behind a block.
///
/// A turn whose inference prompt is not what the whole conversation begins with cannot be learned from it:
/// the template rewrites history (moves the list of tools), and training on it would differ from what the
/// model sees when it answers. Neither can a turn of which history drops a part (earlier reasoning). Such
/// turns are reported, never guessed.
final class TurnFinder {

    /// Stands for the message of a turn where the template's marks are not one for each assistant message.
    static final int ALL = -1;

    private static final String SENTINEL = "awl-sentinel-5f1c";

    private final ChatTemplate template;
    private final RenderOptions options;
    private final TurnEnds ends;

    TurnFinder(ChatTemplate template, RenderOptions options, TurnEnds ends) {
        this.template = template;
        this.options = options;
        this.ends = ends;
    }

    /// A learned range of the text, in UTF-16 units.
    ///
    /// @param message index of the message, or [#ALL]
    /// @param exact whether the range starts where the model starts to write (marks may start inside a token)
    record Turn(int message, int start, int end, boolean exact) {}

    /// @param rewritten why a turn is not learned, by index of its message
    record Found(String text, List<Turn> turns, Map<Integer, String> rewritten) {}

    /// @param wanted which messages' turns to look for, by index
    Found find(ChatTemplate.Request request, IntPredicate wanted) {
        RenderResult whole = template.render(request, options);
        List<Integer> assistants = new ArrayList<>();
        for (int i = 0; i < request.messages().size(); i++) {
            if (isAssistant(request.messages().get(i))) {
                assistants.add(i);
            }
        }
        List<Span> marks = whole.generationUtf16();
        boolean marked = whole.generation().isPresent();
        if (marked && marks.size() != assistants.size()) {
            return unmatched(whole, marks, assistants, wanted);
        }
        Search search = new Search(request, whole.text(), new ArrayList<>(), new LinkedHashMap<>());
        String closing = null;
        for (int a = 0; a < assistants.size(); a++) {
            int message = assistants.get(a);
            if (!wanted.test(message)) {
                continue;
            }
            if (!marked) {
                closing = closing == null ? closingToken(request, message) : closing;
                turn(search, message, closing, null);
            } else if (marks.get(a).end() > marks.get(a).start()) {
                turn(search, message, "", withEnd(whole, marks.get(a)));
            }
        }
        return new Found(whole.text(), search.turns, search.rewritten);
    }

    static boolean isAssistant(Map<String, ?> message) {
        return "assistant".equals(message.get("role")) || "model".equals(message.get("role"));
    }

    private Span withEnd(RenderResult whole, Span mark) {
        return new Span(mark.start(), mark.end() + ends.endTokenAt(whole.text(), mark.end()));
    }

    private Found unmatched(RenderResult whole, List<Span> marks, List<Integer> assistants, IntPredicate wanted) {
        if (!assistants.stream().allMatch(wanted::test)) {
            throw new DataException(
                    "the chat template marks %d turns as generated where there are %d assistant messages, so that those of the prompt cannot be told from the others"
                            .formatted(marks.size(), assistants.size()));
        }
        List<Turn> turns = new ArrayList<>();
        for (Span mark : marks) {
            if (mark.end() > mark.start()) {
                Span turn = withEnd(whole, mark);
                turns.add(new Turn(ALL, turn.start(), turn.end(), false));
            }
        }
        return new Found(whole.text(), turns, Map.of());
    }

    private record Search(
            ChatTemplate.Request request, String whole, List<Turn> turns, Map<Integer, String> rewritten) {}

    /// @param mark where the template itself says that the turn stands, or null
    private void turn(Search in, int i, String closing, @Nullable Span mark) {
        String whole = in.whole;
        String prompt = prompt(in.request, i);
        if (prompt == null) {
            in.rewritten.put(i, "the template refuses the conversation before this turn");
            return;
        }
        int start = mark == null ? prompt.length() : mark.start();
        String with = text(in.request, i + 1, null, false);
        if (with != null && with.startsWith(prompt)) {
            int end = mark == null ? prompt.length() + ends.end(with.substring(prompt.length()), closing) : mark.end();
            if (whole.regionMatches(0, with, 0, end)) {
                in.turns.add(new Turn(i, start, end, mark == null));
                return;
            }
        }
        if (!whole.startsWith(prompt)) {
            in.rewritten.put(
                    i,
                    "the model answers behind %s, and the template does not write the conversation so once the turn is in it"
                            .formatted(awl.Json.write(prompt.substring(Math.max(0, common(whole, prompt) - 20)))));
            return;
        }
        int end = mark != null ? mark.end() : ends.firstEnd(whole, start, closing);
        if (end < start
                || !holds(whole.substring(start, end), in.request.messages().get(i))) {
            in.rewritten.put(i, "the template drops part of this turn (its reasoning, perhaps) once it is history");
            return;
        }
        in.turns.add(new Turn(i, start, end, mark == null));
    }

    /// Whether a turn that stands in the conversation in another form than alone still says all that the
    /// message says: templates leave out empty reasoning, which is no loss, and reasoning, which is one.
    private static boolean holds(String turn, Map<String, ?> message) {
        for (String field : List.of("content", "reasoning_content", "thinking", "reasoning")) {
            if (message.get(field) instanceof String text && !turn.contains(text.strip())) {
                return false;
            }
        }
        if (message.get("content") instanceof List<?> || !(message.get("tool_calls") instanceof List<?> calls)) {
            return !(message.get("content") instanceof List<?>);
        }
        for (Object call : calls) {
            Object function =
                    call instanceof Map<?, ?> map && map.get("function") instanceof Map<?, ?> inner ? inner : call;
            if (!(function instanceof Map<?, ?> named)
                    || !(named.get("name") instanceof String name)
                    || !turn.contains(name)) {
                return false;
            }
        }
        return true;
    }

    /// What the model is given before it writes message `i`; null where the template refuses.
    private @Nullable String prompt(ChatTemplate.Request request, int i) {
        boolean opens = request.messages().subList(0, i).stream().allMatch(TurnFinder::isAssistant);
        String prompt = opens ? null : text(request, i, null, true);
        if (prompt != null && !prompt.equals(text(request, i, null, false))) {
            return prompt;
        }
        // No generation prompt, or nothing to answer: what stands before the content is the turn's header.
        String probe = text(request, i, SENTINEL, false);
        if (probe == null) {
            return prompt;
        }
        String before = probe.substring(0, Math.max(0, probe.indexOf(SENTINEL)));
        if (prompt != null && !before.startsWith(prompt)) {
            return prompt;
        }
        // A blank before the content becomes part of its first word.
        int blanks = before.length();
        while (blanks > 0 && before.charAt(blanks - 1) == ' ') {
            blanks--;
        }
        return before.substring(0, blanks);
    }

    private String closingToken(ChatTemplate.Request request, int i) {
        String probe = text(request, i, SENTINEL, false);
        int at = probe == null ? -1 : probe.lastIndexOf(SENTINEL);
        return probe == null || at < 0 ? "" : ends.first(probe.substring(at + SENTINEL.length()));
    }

    /// Renders the first `count` messages and, where `answer` is given, an assistant turn of that text.
    private @Nullable String text(
            ChatTemplate.Request request, int count, @Nullable String answer, boolean generationPrompt) {
        List<Map<String, Object>> messages = new ArrayList<>(request.messages().subList(0, count));
        if (answer != null) {
            Map<String, Object> turn = new LinkedHashMap<>();
            turn.put("role", request.messages().get(count).getOrDefault("role", "assistant"));
            turn.put("content", answer);
            messages.add(turn);
        }
        try {
            return template.render(
                            new ChatTemplate.Request(
                                    messages,
                                    request.tools(),
                                    request.documents(),
                                    generationPrompt,
                                    request.variables()),
                            options)
                    .text();
        } catch (TemplateException e) {
            return null;
        }
    }

    private static int common(String a, String b) {
        int at = 0;
        while (at < a.length() && at < b.length() && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        return at;
    }

    /// Marks the tokens of the learned ranges.
    ///
    /// A token that starts in the prompt is the prompt's, even if it reaches into the turn; a template's own
    /// mark may start inside a token (behind a blank that the tokenizer joins to the word), which is then
    /// learned unless it is a special token that swallows blanks.
    static float[] weights(Tokenizer.Encoding tokens, List<Turn> turns, Set<Integer> specialIds) {
        float[] weights = new float[tokens.ids().length];
        int[] start = tokens.start();
        int[] end = tokens.end();
        for (Turn turn : turns) {
            int first = Integer.MAX_VALUE;
            int last = -1;
            for (int t = 0; t < weights.length; t++) {
                boolean overlaps = end[t] > turn.start && start[t] < turn.end;
                boolean fromBefore = start[t] < turn.start && (turn.exact || specialIds.contains(tokens.ids()[t]));
                if (overlaps && !fromBefore) {
                    first = Math.min(first, t);
                    last = t;
                }
            }
            for (int t = first; t <= last; t++) {
                weights[t] = 1f;
            }
        }
        return weights;
    }
}
