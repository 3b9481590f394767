package awl.serve;

import awl.Json;
import awl.chat.Conversation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Bodies of a stranger's requests, read as far as the prompt that the model would be given.
public final class RequestBodies implements AutoCloseable {

    private final ScriptedChat chat;

    /// @param folder for a tokenizer and a template
    public RequestBodies(Path folder) {
        try {
            chat = new ScriptedChat(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Reads a body as chat completions and as plain ones.
    ///
    /// @throws awl.AwlException or nothing; anything else is a fault
    public void read(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        try {
            Fields fields = new Fields(Json.object(text, "body"));
            Wanted.read(fields, false, 16, ScriptedChat.VOCABULARY);
            fields.refuseOthers();
        } catch (ApiError _) {
            // Refused by the field's name, as it should be.
        }
        try {
            Fields fields = new Fields(Json.object(text, "body"));
            Wanted.read(fields, true, null, ScriptedChat.VOCABULARY);
            Conversation conversation = ChatMessages.read(fields).conversation();
            fields.refuseOthers();
            int[] prompt = chat.renderer().prompt(conversation);
            if (prompt.length == 0) {
                throw new AssertionError("a conversation without a token");
            }
        } catch (ApiError _) {
            // The same.
        }
    }

    @Override
    public void close() {
        chat.close();
    }
}
