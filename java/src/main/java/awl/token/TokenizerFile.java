package awl.token;

import awl.CheckpointException;
import awl.Json;
import awl.token.HuggingFaceTokenizer.AddedToken;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What we read ourselves of a `tokenizer.json`: its added tokens at once, its vocabulary when first asked
/// for.
///
/// The file is walked token by token (a vocabulary of 250,000 entries is several megabytes); what the native
/// library needs of it, the library reads.
final class TokenizerFile {

    private final String where;
    private final Map<String, AddedToken> added;
    private final int size;
    private @Nullable String json;
    private @Nullable Map<String, Integer> vocabulary;

    private TokenizerFile(String where, String json, Map<String, AddedToken> added, int size) {
        this.where = where;
        this.json = json;
        this.added = added;
        this.size = size;
    }

    static TokenizerFile read(String json, String where) {
        Map<String, AddedToken> added = new LinkedHashMap<>();
        int[] highest = {-1};
        boolean[] hasModel = {false};
        walk(json, where, (field, parser) -> {
            switch (field) {
                case "added_tokens" -> addedTokens(parser, added);
                case "model" -> {
                    hasModel[0] = true;
                    String prefix = vocabulary(parser, (token, id) -> highest[0] = Math.max(highest[0], id));
                    if (!prefix.isEmpty()) {
                        checkMerges(json, where, prefix);
                    }
                }
                case "normalizer", "pre_tokenizer", "post_processor", "decoder" ->
                    TokenizerParts.check(Json.value(parser), where + ": " + field);
                default -> parser.skipChildren();
            }
        });
        if (!hasModel[0]) {
            throw new CheckpointException(where + ": not a tokenizer.json: there is no \"model\"");
        }
        for (AddedToken token : added.values()) {
            highest[0] = Math.max(highest[0], token.id());
        }
        return new TokenizerFile(where, json, Collections.unmodifiableMap(added), highest[0] + 1);
    }

    String where() {
        return where;
    }

    Map<String, AddedToken> addedTokens() {
        return added;
    }

    int vocabularySize() {
        return size;
    }

    int idOf(String token) {
        AddedToken known = added.get(token);
        return known != null ? known.id() : vocabulary().getOrDefault(token, -1);
    }

    private synchronized Map<String, Integer> vocabulary() {
        if (vocabulary == null) {
            Map<String, Integer> ids = new HashMap<>(size * 2);
            walk(json == null ? "" : json, where, (field, parser) -> {
                if (field.equals("model")) {
                    vocabulary(parser, ids::put);
                } else {
                    parser.skipChildren();
                }
            });
            vocabulary = ids;
            json = null;
        }
        return vocabulary;
    }

    private interface Entry {
        /// The parser stands at the entry's value and is left at its end.
        void read(String field, JsonParser parser) throws IOException;
    }

    private interface Vocabulary {
        void token(String content, int id);
    }

    private static void walk(String json, String where, Entry entry) {
        try (JsonParser parser = Json.parser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new CheckpointException(where + ": not a tokenizer.json: expected an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                entry.read(field, parser);
            }
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new CheckpointException(where + ": not a tokenizer.json: " + e.getOriginalMessage() + at(e), e);
        } catch (IOException e) {
            throw new CheckpointException(where + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String at(com.fasterxml.jackson.core.JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " (line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr() + ")";
    }

    private static void addedTokens(JsonParser parser, Map<String, AddedToken> added) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            int id = -1;
            String content = null;
            boolean special = false;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (field) {
                    case "id" -> id = value == JsonToken.VALUE_NUMBER_INT ? parser.getIntValue() : -1;
                    case "content" -> content = parser.getValueAsString();
                    case "special" -> special = value == JsonToken.VALUE_TRUE;
                    default -> parser.skipChildren();
                }
            }
            if (content != null && id >= 0) {
                added.put(content, new AddedToken(id, content, special));
            }
        }
    }

    /// A merge whose second part lacks the prefix of continuing parts would end the process inside the
    /// library.
    private static void checkMerges(String json, String where, String prefix) {
        walk(json, where, (field, parser) -> {
            if (!field.equals("model")) {
                parser.skipChildren();
                return;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean merges = parser.currentName().equals("merges");
                parser.nextToken();
                if (!merges) {
                    parser.skipChildren();
                    continue;
                }
                for (Object merge : Json.value(parser) instanceof List<?> list ? list : List.of()) {
                    Object second = merge instanceof String pair
                            ? pair.substring(pair.indexOf(' ') + 1)
                            : merge instanceof List<?> pair && !pair.isEmpty() ? pair.getLast() : "";
                    if (!(second instanceof String part) || !part.startsWith(prefix)) {
                        throw new CheckpointException(
                                "%s: model.merges: %s does not continue with the continuing_subword_prefix %s"
                                        .formatted(where, Json.write(merge), Json.write(prefix)));
                    }
                }
            }
        });
    }

    /// `vocab` is an object (content to id) in BPE and WordPiece, and an array of `[content, score]` in
    /// Unigram.
    ///
    /// @return the model's `continuing_subword_prefix`, or empty
    private static String vocabulary(JsonParser parser, Vocabulary to) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return "";
        }
        String prefix = "";
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("continuing_subword_prefix")) {
                prefix = parser.getValueAsString("");
                parser.skipChildren();
            } else if (!field.equals("vocab")) {
                parser.skipChildren();
            } else if (value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String token = parser.currentName();
                    if (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
                        to.token(token, parser.getIntValue());
                    }
                    parser.skipChildren();
                }
            } else if (value == JsonToken.START_ARRAY) {
                for (int id = 0; parser.nextToken() == JsonToken.START_ARRAY; id++) {
                    parser.nextToken();
                    to.token(parser.getValueAsString(""), id);
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        parser.skipChildren();
                    }
                }
            }
        }
        return prefix;
    }
}
