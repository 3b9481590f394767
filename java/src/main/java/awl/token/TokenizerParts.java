package awl.token;

import awl.CheckpointException;
import awl.Json;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Checks a tokenizer's normalizer, pre-tokenizer, post-processor and decoder for what would end the process inside
/// the native library, or keep it busy without end. Everything else the library refuses by itself.
final class TokenizerParts {

    /// How much longer normalizing may make a text: real tokenizers put one character for another.
    private static final long GROWTH = 256;

    private final String where;
    private double growth = 1;

    private TokenizerParts(String where) {
        this.where = where;
    }

    /// @param where the part's place, for messages: `FILE: normalizer`
    static void check(@Nullable Object part, String where) {
        TokenizerParts parts = new TokenizerParts(where);
        parts.walk(part);
        if (parts.growth > GROWTH) {
            throw parts.wrong("replacements could make a text %.0f times as long; at most %d times is allowed"
                    .formatted(parts.growth, GROWTH));
        }
    }

    private void walk(@Nullable Object value) {
        if (value instanceof List<?> list) {
            list.forEach(this::walk);
        } else if (value instanceof Map<?, ?> map) {
            specialTokens(map);
            if (map.get("pattern") instanceof Map<?, ?> pattern) {
                pattern(pattern);
                if (map.get("content") instanceof String content) {
                    growth *= Math.max(1, content.length());
                }
            }
            map.values().forEach(this::walk);
        }
    }

    private void pattern(Map<?, ?> pattern) {
        if (pattern.get("Regex") instanceof String regex) {
            String wrong = PatternCheck.wrong(regex);
            if (wrong != null) {
                throw wrong("pattern.Regex %s: %s".formatted(Json.kind(regex), wrong));
            }
        }
    }

    /// A template that puts in a special token it does not list ends the process.
    private void specialTokens(Map<?, ?> template) {
        Set<?> listed = template.get("special_tokens") instanceof Map<?, ?> tokens ? tokens.keySet() : Set.of();
        for (String form : List.of("single", "pair")) {
            for (Object piece : template.get(form) instanceof List<?> pieces ? pieces : List.of()) {
                if (piece instanceof Map<?, ?> token
                        && token.get("SpecialToken") instanceof Map<?, ?> named
                        && (named.get("id") == null || !listed.contains(named.get("id")))) {
                    throw new CheckpointException("%s.%s: special token %s is not among special_tokens"
                            .formatted(where, form, Json.kind(named.get("id"))));
                }
            }
        }
    }

    private CheckpointException wrong(String message) {
        return new CheckpointException(where + ": " + message);
    }
}
