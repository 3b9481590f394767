package awl.fuzz;

import awl.chat.ConversationReader;
import awl.data.JsonLines;
import com.code_intelligence.jazzer.junit.FuzzTest;

final class JsonLinesFuzz {

    @FuzzTest
    void everyLineOrAReason(byte[] bytes) {
        Hostile.read(() -> {
            try (JsonLines lines = JsonLines.open(Hostile.file(bytes, "rows.jsonl"))) {
                for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                    JsonLines.Line at = line;
                    Hostile.read(() -> ConversationReader.row(at.object()));
                }
            }
        });
    }
}
