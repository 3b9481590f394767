package awl.pipeline;

import awl.DataException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.token.Renderer;
import awl.tool.ToolResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What stands between the end of a calling turn and the beginning of the next: the results, as the template shows
/// them. The turn itself is never tokenized anew.
///
/// @param stops tokens that end a turn
record BetweenTurns(Renderer renderer, List<Integer> stops) {

    /// Stands for a turn while the text behind it is looked for.
    private static final String SENTINEL = "awl7sentinel7awl";

    /// @param asked the conversation before the turn
    /// @param end token that ended the turn
    /// @throws DataException where the template shows no calls, or ends no turn with a token that ends turns
    int[] tokens(Conversation asked, List<ToolCall> calls, List<ToolResult> results, int end) {
        List<ToolCall.Parsed> shown = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            String name = calls.get(i) instanceof ToolCall.Parsed call ? call.name() : "unknown";
            shown.add(ProblemSetting.numbered(new ToolCall.Parsed(name, Map.of("x", SENTINEL)), i));
        }
        Conversation longer = asked.with(Message.assistant("", shown));
        for (int i = 0; i < shown.size(); i++) {
            longer = longer.with(Message.reply(shown.get(i), results.get(i).text()));
        }
        String whole = renderer.promptText(longer);
        int turn = whole.lastIndexOf(SENTINEL);
        if (turn < 0) {
            throw new DataException("the template does not show calls");
        }
        return renderer.tokenizer().encode(whole.substring(behindTurn(whole, turn + SENTINEL.length(), end)), false);
    }

    /// Where the turn ends that holds a place: behind the token the model ended it with, else behind the next token
    /// that ends turns.
    private int behindTurn(String whole, int from, int end) {
        List<Integer> tokens = new ArrayList<>(List.of(end));
        tokens.addAll(stops);
        for (int token : tokens) {
            String text = renderer.tokenizer().decode(new int[] {token}, false);
            int at = text.isEmpty() ? -1 : whole.indexOf(text, from);
            if (at >= 0) {
                return at + text.length();
            }
        }
        throw new DataException("the template does not end a turn with any of the model's stop tokens");
    }
}
