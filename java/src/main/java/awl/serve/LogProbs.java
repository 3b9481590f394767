package awl.serve;

import awl.sample.TokenListener.Alternative;
import awl.token.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Log-probabilities as chat completions and as plain completions have them.
final class LogProbs {

    private LogProbs() {}

    static Map<String, @Nullable Object> chat(List<Choice.Token> tokens, Tokenizer tokenizer) {
        List<Object> content = new ArrayList<>();
        for (Choice.Token token : tokens) {
            Map<String, @Nullable Object> json = token(token.id(), token.logProb(), tokenizer);
            List<Object> top = new ArrayList<>();
            for (Alternative each : token.alternatives()) {
                top.add(token(each.id(), each.logProb(), tokenizer));
            }
            json.put("top_logprobs", top);
            content.add(json);
        }
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("content", content);
        all.put("refusal", null);
        return all;
    }

    private static Map<String, @Nullable Object> token(int id, double logProb, Tokenizer tokenizer) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        String text = tokenizer.decode(new int[] {id}, false);
        json.put("token", text);
        json.put("logprob", logProb);
        // A token that is a part of a character has no text of its own.
        json.put("bytes", text.indexOf('\uFFFD') >= 0 ? null : bytes(text));
        return json;
    }

    private static List<Integer> bytes(String text) {
        List<Integer> bytes = new ArrayList<>();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            bytes.add(each & 0xff);
        }
        return bytes;
    }

    /// @param offset of the first token in the answer's text
    static Map<String, @Nullable Object> plain(List<Choice.Token> tokens, Tokenizer tokenizer, int offset) {
        List<Object> texts = new ArrayList<>();
        List<Object> logProbs = new ArrayList<>();
        List<Object> tops = new ArrayList<>();
        List<Object> offsets = new ArrayList<>();
        int at = offset;
        for (Choice.Token token : tokens) {
            String text = tokenizer.decode(new int[] {token.id()}, false);
            texts.add(text);
            logProbs.add(token.logProb());
            offsets.add(at);
            at += text.length();
            Map<String, @Nullable Object> top = new LinkedHashMap<>();
            for (Alternative each : token.alternatives()) {
                top.putIfAbsent(tokenizer.decode(new int[] {each.id()}, false), each.logProb());
            }
            tops.add(top);
        }
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("tokens", texts);
        all.put("token_logprobs", logProbs);
        all.put("top_logprobs", tops);
        all.put("text_offset", offsets);
        return all;
    }
}
