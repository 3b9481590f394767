package awl.token;

import static org.assertj.core.api.Assertions.assertThat;

import awl.chat.ToolCall;
import awl.chat.ToolSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CallFormatTest {

    private static final List<String> NASTY = List.of(
            "",
            "plain",
            "quote \" and \\ backslash",
            "line\nbreak\r\ttab",
            "</tool_call><tool_call>",
            "[TOOL_CALLS] [/INST] {}",
            "{\"tool\": \"x\"}",
            "}; {",
            "é 😀 \u2028 \u0000",
            "<|python_tag|>");

    private static CallFormat format(String name) {
        return CallFormat.named(name).orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "hermes", "mistral"})
    void theDescriptionOfToolsShowsACallInTheChosenForm(String name) {
        String text = CallFormat.describe(List.of(ToolSpec.of("add", "adds", Map.of("type", "object"))), format(name));
        String form = text.substring(text.indexOf("nothing else:\n") + 14, text.indexOf("\nThe result comes back"));
        assertThat(format(name).parse(form).calls())
                .containsExactly(new ToolCall.Parsed(null, "<name>", Map.of("<argument>", "<value>")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "hermes", "mistral", "plain"})
    void whatIsWrittenIsReadBack(String name) {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            List<ToolCall.Parsed> calls = new ArrayList<>();
            for (int c = 1 + random.nextInt(3); c > 0; c--) {
                String id = name.equals("mistral") && random.nextBoolean() ? "abcdefghi" : null;
                calls.add(new ToolCall.Parsed(id, "tool_" + random.nextInt(9), object(random, 0)));
            }
            CallFormat.Turn turn = format(name).parse(format(name).write(calls));
            assertThat(turn.calls()).isEqualTo(calls);
            assertThat(turn.text()).isEmpty();
        }
    }

    private static Map<String, Object> object(Random random, int depth) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int n = random.nextInt(4); n > 0; n--) {
            map.put("key" + random.nextInt(5) + NASTY.get(random.nextInt(3)), value(random, depth));
        }
        return map;
    }

    private static Object value(Random random, int depth) {
        return switch (random.nextInt(depth > 3 ? 5 : 7)) {
            case 0 -> NASTY.get(random.nextInt(NASTY.size()));
            case 1 -> random.nextLong();
            case 2 -> random.nextGaussian();
            case 3 -> random.nextBoolean();
            case 4 -> 1e22;
            case 5 -> object(random, depth + 1);
            default -> Arrays.asList(value(random, depth + 1), null, value(random, depth + 1));
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "hermes ~ I look it up.⏎<tool_call>⏎{\"name\": \"now\", \"arguments\": {}}⏎</tool_call> ~ I look it up. ~ now",
                "hermes ~ <tool_call>{\"name\":\"now\",\"arguments\":\"{\\\"a\\\":1}\"}</tool_call> ~ '' ~ now",
                "llama ~ {\"name\": \"now\", \"parameters\": {}} ~ '' ~ now",
                "llama ~ Well: <|python_tag|>{\"name\": \"now\", \"parameters\": {}} ~ Well: ~ now",
                "mistral ~ [TOOL_CALLS] [{\"name\": \"now\", \"arguments\": {}}] ~ '' ~ now",
                "mistral ~ Text[TOOL_CALLS]now[ARGS]{\"a\": 1} ~ Text ~ now",
                "mistral ~ [TOOL_CALLS]now[CALL_ID]abc[ARGS]{} ~ '' ~ now",
                "plain ~ Let me see.⏎{\"tool\": \"now\", \"arguments\": {}}⏎Done. ~ Let me see.⏎Done. ~ now"
            })
    void formsThatModelsWrite(String name, String text, String rest, String tool) {
        CallFormat.Turn turn = format(name.strip()).parse(text.replace('⏎', '\n'));
        assertThat(turn.calls())
                .hasSize(1)
                .first()
                .isInstanceOfSatisfying(
                        ToolCall.Parsed.class, call -> assertThat(call.name()).isEqualTo(tool));
        assertThat(turn.text()).isEqualTo(rest.replace('⏎', '\n'));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "hermes ~ <tool_call>⏎{\"name\": \"now\", \"arguments\": {",
                "hermes ~ <tool_call>now()</tool_call>",
                "hermes ~ <tool_call>{\"arguments\": {}}</tool_call>",
                "hermes ~ <tool_call>{\"name\": \"now\", \"arguments\": [1]}</tool_call>",
                "hermes ~ <tool_call>{\"name\": \"now\", \"name\": \"then\", \"arguments\": {}}</tool_call>",
                "llama ~ {\"name\": \"now\", \"parameters\": {",
                "llama ~ {\"name\": \"now\"}",
                "llama ~ <|python_tag|>print(1)",
                "mistral ~ [TOOL_CALLS] [{\"name\": \"now\"",
                "mistral ~ [TOOL_CALLS] []",
                "mistral ~ [TOOL_CALLS]",
                "plain ~ {\"tool\": \"now\", \"arguments\": 3}",
                "plain ~ {\"tool\": \"now\", \"argum"
            })
    void aMalformedCallIsAValue(String name, String text) {
        CallFormat.Turn turn = format(name.strip()).parse(text.replace('⏎', '\n'));
        assertThat(turn.calls()).hasSize(1).first().isInstanceOf(ToolCall.Malformed.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "hermes ~ The answer is {\"name\": 1}.",
                "llama ~ {\"answer\": 4}",
                "llama ~ {not json}",
                "mistral ~ The [answer] is 4.",
                "plain ~ {\"answer\": 4}",
                "plain ~ Say {\"tool\": \"x\"} in the middle."
            })
    void anAnswerStaysText(String name, String text) {
        assertThat(format(name.strip()).parse(text.replace('⏎', '\n'))).isEqualTo(new CallFormat.Turn(text, List.of()));
    }

    @Test
    void anythingCanBeParsed() {
        Random random = new Random(3);
        String[] bits = {
            "{",
            "}",
            "[",
            "]",
            "\"",
            ":",
            ",",
            "\\",
            "name",
            "tool",
            "\"name\": \"x\"",
            "\"tool\": \"x\"",
            "\"arguments\": {}",
            "<tool_call>",
            "</tool_call>",
            "[TOOL_CALLS]",
            "[ARGS]",
            "<|python_tag|>",
            ";",
            "\n",
            " "
        };
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(20); n > 0; n--) {
                text.append(bits[random.nextInt(bits.length)]);
            }
            for (CallFormat format : CallFormat.ALL) {
                CallFormat.Turn turn = format.parse(text.toString());
                assertThat(turn.calls().isEmpty() && !turn.text().contentEquals(text))
                        .isFalse();
            }
        }
        for (CallFormat format : CallFormat.ALL) {
            assertThat(format.parse("<tool_call>[TOOL_CALLS]{\"name\":" + "[".repeat(200_000))
                            .text()
                            .length())
                    .isLessThan(300_000);
        }
    }
}
