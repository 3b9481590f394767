package awl.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import awl.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversationReaderTest {

    private static Conversation read(String row) {
        return ConversationReader.row(Json.object(row, "row"));
    }

    @Test
    void messagesKeepWhatTheyCameWith() {
        String row = """
                {"messages": [
                  {"role": "developer", "content": "Be brief.", "extra": {"deep": [1, 2.5, null]}},
                  {"role": "user", "content": [{"type": "text", "text": "Two "}, {"type": "image"}, {"type": "text", "text": "parts."}]},
                  {"role": "assistant", "content": null, "reasoning_content": "Hm.", "tool_calls": [
                    {"id": "c1", "type": "function", "index": 0,
                     "function": {"name": "add", "arguments": "{\\"a\\": 12345678901234567890, \\"b\\": 1.0}"}}]},
                  {"role": "tool", "tool_call_id": "c1", "name": "add", "content": "3"},
                  {"role": "assistant", "content": "3"}],
                 "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]}""";
        Conversation read = read(row);
        assertThat(read.messages()).hasSize(5);
        assertThat(read.messages().get(0)).isInstanceOf(Message.System.class);
        assertThat(read.messages().get(0).role()).isEqualTo("developer");
        assertThat(read.messages().get(1).text()).isEqualTo("Two parts.");
        assertThat(read.messages().get(2))
                .isInstanceOfSatisfying(
                        Message.Assistant.class,
                        turn -> assertThat(turn.calls())
                                .containsExactly(new ToolCall.Parsed(
                                        "c1",
                                        "add",
                                        Map.of("a", new java.math.BigInteger("12345678901234567890"), "b", 1.0))));
        assertThat(read.tools().getFirst().name()).isEqualTo("add");
        // Templates see the same message, with the arguments as an object.
        assertThat(Json.write(read.messagesJson().get(2)))
                .isEqualTo("{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"Hm.\",\"tool_calls\":"
                        + "[{\"id\":\"c1\",\"type\":\"function\",\"index\":0,\"function\":{\"name\":\"add\","
                        + "\"arguments\":{\"a\":12345678901234567890,\"b\":1.0}}}]}");
        assertThat(Json.write(read.messagesJson().get(0)))
                .isEqualTo("{\"role\":\"developer\",\"content\":\"Be brief.\",\"extra\":{\"deep\":[1,2.5,null]}}");
    }

    @Test
    void argumentsThatAreNoObjectAreAMalformedCall() {
        Conversation read = read("{\"messages\": [{\"role\": \"assistant\", \"content\": \"\", \"tool_calls\":"
                + " [{\"function\": {\"name\": \"add\", \"arguments\": \"{a: 1\"}}]}]}");
        assertThat(((Message.Assistant) read.messages().getFirst()).calls())
                .first()
                .isInstanceOf(ToolCall.Malformed.class);
    }

    @Test
    void shareGpt() {
        Conversation read = read("""
                {"system": "Be brief.", "tools": "[{\\"name\\": \\"add\\", \\"parameters\\": {}}]", "conversations": [
                  {"from": "human", "value": "1+2?"},
                  {"from": "function_call", "value": "{\\"name\\": \\"add\\", \\"arguments\\": {\\"a\\": 1}}"},
                  {"from": "observation", "value": "3"},
                  {"from": "gpt", "value": "3"}]}""");
        assertThat(read.messages().stream().map(Message::role))
                .containsExactly("system", "user", "assistant", "tool", "assistant");
        assertThat(((Message.Assistant) read.messages().get(2)).calls())
                .isEqualTo(List.of(new ToolCall.Parsed("add", Map.of("a", 1L))));
        assertThat(read.tools()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "{} ~ messages: expected an array of {\"role\", \"content\"}, found nothing",
                "{\"messages\": []} ~ messages: expected at least one message, found an empty array",
                "{\"messages\": \"x\"} ~ messages: expected an array of {\"role\", \"content\"}, found the string \"x\"",
                "{\"messages\": [1]} ~ messages[0]: expected an object, found the number 1",
                "{\"messages\": [{\"content\": \"x\"}]} ~ messages[0].role: expected system, user, assistant or tool, found null",
                "{\"messages\": [{\"role\": \"gpt\", \"content\": \"x\"}]} ~ messages[0].role: expected system, developer, user, assistant or tool, found \"gpt\"",
                "{\"messages\": [{\"role\": \"user\", \"content\": 3}]} ~ messages[0].content: expected a string or a list of parts, found the number 3",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {}}]}]} ~ messages[0].tool_calls[0].function.name: expected the tool's name, found null",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"tools\": [{}]} ~ tools[0].name: expected the tool's name, found null",
                "{\"conversations\": [{\"from\": \"alien\", \"value\": \"x\"}]} ~ conversations[0].from: expected system, human, gpt, function_call or observation, found \"alien\""
            })
    void errorsNameTheField(String row, String message) {
        assertThatThrownBy(() -> read(row)).isInstanceOf(DataException.class).hasMessage(message);
    }
}
