package awl.serve;

import awl.sample.Completion;
import awl.token.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Plain completions.
final class PlainForm implements AnswerForm {

    private final Wanted wanted;
    private final Tokenizer tokenizer;

    PlainForm(Wanted wanted, Tokenizer tokenizer) {
        this.wanted = wanted;
        this.tokenizer = tokenizer;
    }

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String object(boolean piece) {
        return "text_completion";
    }

    @Override
    public void addTo(Map<String, @Nullable Object> answer, List<int[]> prompts) {
        // ids stand in the choices
    }

    @Override
    public Map<String, @Nullable Object> choice(Choice choice, Completion done) {
        return json(
                choice,
                Objects.requireNonNullElse(done.text(), ""),
                choice.tokens(),
                done.ids(),
                done.finish().label());
    }

    private Map<String, @Nullable Object> json(
            Choice choice, String text, List<Choice.Token> tokens, int[] ids, @Nullable String finish) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("index", choice.index);
        json.put("text", text);
        boolean told = wanted.alternatives() >= 0 && !tokens.isEmpty();
        json.put("logprobs", told ? LogProbs.plain(tokens, tokenizer, 0) : null);
        json.put("finish_reason", finish);
        if (wanted.tokenIds()) {
            json.put("prompt_token_ids", choice.prompt);
            json.put("token_ids", ids);
        }
        return json;
    }

    @Override
    public @Nullable Map<String, @Nullable Object> opening(Choice choice) {
        return null;
    }

    @Override
    public boolean tellsText() {
        return true;
    }

    @Override
    public Map<String, @Nullable Object> piece(Choice choice, String text, List<Choice.Token> tokens) {
        return json(choice, text, tokens, ids(tokens), null);
    }

    private static int[] ids(List<Choice.Token> tokens) {
        return tokens.stream().mapToInt(Choice.Token::id).toArray();
    }

    @Override
    public List<Map<String, @Nullable Object>> closing(
            Choice choice, Completion done, String rest, List<Choice.Token> tokens) {
        return List.of(json(choice, rest, tokens, ids(tokens), done.finish().label()));
    }
}
