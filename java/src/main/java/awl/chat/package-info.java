/// Conversations: messages, tools, calls, and the door to whoever answers them. Plain values; no tokens, no
/// model.
@NullMarked
package awl.chat;

import org.jspecify.annotations.NullMarked;
