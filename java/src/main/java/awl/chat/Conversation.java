package awl.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Messages in order, and the tools that are listed for them.
public record Conversation(List<Message> messages, List<ToolSpec> tools) {

    public Conversation {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    public static Conversation of(Message... messages) {
        return new Conversation(List.of(messages), List.of());
    }

    /// The conversation with one message more.
    public Conversation with(Message next) {
        List<Message> longer = new ArrayList<>(messages);
        longer.add(next);
        return new Conversation(longer, tools);
    }

    public Conversation withTools(List<ToolSpec> other) {
        return new Conversation(messages, other);
    }

    /// Messages as templates see them.
    public List<Map<String, @Nullable Object>> messagesJson() {
        return messages.stream().map(Message::json).toList();
    }

    /// Tools as templates see them; null where there are none, as Hugging Face passes them.
    public @Nullable List<Map<String, @Nullable Object>> toolsJson() {
        return tools.isEmpty() ? null : tools.stream().map(ToolSpec::json).toList();
    }
}
