package awl.chat;

/// Door 2: whoever writes the next assistant turn (a local model, a server, a script in a test).
public interface Policy {

    /// The next turn of a conversation that ends with a user's message or a tool's reply. A malformed call
    /// is part of the turn and no exception.
    Message.Assistant reply(Conversation conversation, ToolMode mode);
}
