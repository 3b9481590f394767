package awl.fuzz;

import awl.token.ChatTemplate;
import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import java.util.Map;

final class ChatTemplateFuzz {

    private static final List<Map<String, Object>> MESSAGES =
            List.of(Map.of("role", "user", "content", "6 * 7?"), Map.of("role", "assistant", "content", "42"));

    @FuzzTest
    void everyTemplateEnds(FuzzedDataProvider data) {
        String source = data.consumeRemainingAsString();
        Hostile.read(() -> ChatTemplate.of(source, "fuzz").render(ChatTemplate.Request.of(MESSAGES, true)));
    }
}
