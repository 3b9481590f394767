package awl.remote;

import awl.DataException;
import awl.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a strange server may answer, without a network.
public final class AnswerBytes {

    private AnswerBytes() {}

    /// Reads a body as an error, and as answers of both kinds; what would be kept of one is read as the one that came.
    ///
    /// @throws DataException or nothing; anything else is a fault
    public static void read(byte[] bytes) {
        if (RemoteError.of(bytes).told().chars().anyMatch(Character::isISOControl)) {
            throw new AssertionError("an error that breaks a log's lines");
        }
        Map<String, @Nullable Object> json = Json.object(new String(bytes, StandardCharsets.UTF_8), "answer");
        for (boolean chat : new boolean[] {true, false}) {
            RemoteRequest request = new RemoteRequest(chat, Map.of());
            RemoteAnswer answer;
            try {
                answer = RemoteAnswer.read(request, json);
            } catch (DataException _) {
                continue; // refused with a reason, as it should be
            }
            Map<String, @Nullable Object> kept =
                    Json.object(Json.write(RemoteAnswer.kept(json)), "remote-answers.jsonl");
            RemoteAnswer again = RemoteAnswer.read(request, kept);
            if (!Json.write(told(again)).equals(Json.write(told(answer)))) {
                throw new AssertionError("kept as another answer: " + told(answer) + " and " + told(again));
            }
        }
    }

    private static Object told(RemoteAnswer answer) {
        return answer.choices().stream()
                .map(each -> java.util.Arrays.asList(
                        each.text(), String.valueOf(each.calls()), each.finish(), each.ids(), each.logProbs()))
                .toList();
    }
}
