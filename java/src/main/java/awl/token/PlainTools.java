package awl.token;

import awl.Json;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tools for a template that knows none: they are listed in the system turn (in the first user turn where
/// the template shows no system turn), calls become text of the assistant's turn, replies become user turns,
/// `Tool result: ...`. Replies that follow each other, and a user's message behind them, share one turn, for
/// many templates want the roles to alternate.
final class PlainTools {

    private static final String RESULT = "Tool result: ";

    private PlainTools() {}

    static Conversation applied(Conversation conversation, CallFormat format, boolean hasSystem) {
        List<Message> messages = new ArrayList<>();
        boolean afterReply = false;
        for (Message message : conversation.messages()) {
            boolean joins = afterReply && (message instanceof Message.ToolReply || message instanceof Message.User);
            Message plain = switch (message) {
                case Message.Assistant assistant -> assistant(assistant, format);
                case Message.ToolReply reply -> Message.user(RESULT + replyText(reply));
                case Message.System _, Message.User _ -> message;
            };
            if (joins) {
                plain = Message.user(messages.removeLast().text() + "\n" + plain.text());
            }
            messages.add(plain);
            afterReply = message instanceof Message.ToolReply;
        }
        if (!conversation.tools().isEmpty()) {
            list(messages, CallFormat.describe(conversation.tools(), format), hasSystem);
        }
        return new Conversation(messages, List.of());
    }

    private static void list(List<Message> messages, String tools, boolean hasSystem) {
        for (int i = 0; i < messages.size(); i++) {
            Message message = messages.get(i);
            if (message instanceof Message.System) {
                messages.set(i, new Message.System(withText(message, message.text() + "\n\n" + tools)));
                return;
            }
            if (!hasSystem && message instanceof Message.User) {
                messages.set(i, new Message.User(withText(message, tools + "\n\n" + message.text())));
                return;
            }
        }
        messages.addFirst(hasSystem ? Message.system(tools) : Message.user(tools));
    }

    private static Message assistant(Message.Assistant turn, CallFormat format) {
        List<ToolCall.Parsed> calls = new ArrayList<>();
        for (ToolCall call : turn.calls()) {
            if (call instanceof ToolCall.Parsed parsed) {
                calls.add(parsed);
            }
        }
        if (turn.calls().isEmpty()) {
            return turn;
        }
        String written = calls.isEmpty() ? "" : format.write(calls);
        StringBuilder text = new StringBuilder(turn.text());
        if (!text.isEmpty() && !written.isEmpty()) {
            text.append('\n');
        }
        text.append(written);
        for (ToolCall call : turn.calls()) {
            if (call instanceof ToolCall.Malformed malformed) {
                text.append(text.isEmpty() ? "" : "\n").append(malformed.text());
            }
        }
        Map<String, @Nullable Object> json = withText(turn, text.toString());
        json.remove("tool_calls");
        return new Message.Assistant(json, List.of());
    }

    private static String replyText(Message.ToolReply reply) {
        Object content = reply.json().get("content");
        return content instanceof Map<?, ?> ? Json.writeSpaced(content) : reply.text();
    }

    private static Map<String, @Nullable Object> withText(Message message, String text) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>(message.json());
        json.put("content", text);
        return json;
    }
}
