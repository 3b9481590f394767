package awl.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.serve.http.HttpLimits;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// OpenAI's own Java client finds everything where it looks for it.
final class OpenAiClientTest extends ServerFixture {

    private static final String KEY = "sk-client-66d0";
    private static final String CALL = "{\"tool\": \"calculator\", \"arguments\": {\"expression\": \"6*7\"}}";

    private ModelServer server;
    private OpenAIClient client;

    @BeforeEach
    void open() {
        server = start(
                () -> chat.model(
                        4,
                        before -> (before.contains("Tool result")
                                        ? "It is 42."
                                        : before.contains("calculator") ? CALL : "Größe: 42 🙂")
                                + ScriptedChat.END),
                new ServerOptions("127.0.0.1", 0, KEY, false, 64, null, HttpLimits.standard(), Duration.ofSeconds(2)));
        client = client(KEY);
    }

    private OpenAIClient client(String key) {
        return OpenAIOkHttpClient.builder()
                .baseUrl("http://127.0.0.1:" + server.port() + "/v1")
                .apiKey(key)
                .maxRetries(0)
                .build();
    }

    @AfterEach
    void close() {
        client.close();
    }

    private static ChatCompletionCreateParams.Builder ask() {
        return ChatCompletionCreateParams.builder()
                .model(ScriptedChat.NAME)
                .addUserMessage("Well?")
                .temperature(0.0);
    }

    private static ChatCompletionFunctionTool calculator() {
        return ChatCompletionFunctionTool.builder()
                .function(FunctionDefinition.builder()
                        .name("calculator")
                        .description("sums")
                        .parameters(FunctionParameters.builder()
                                .putAdditionalProperty("type", JsonValue.from("object"))
                                .putAdditionalProperty(
                                        "properties", JsonValue.from(Map.of("expression", Map.of("type", "string"))))
                                .build())
                        .build())
                .build();
    }

    @Test
    void chatWholeAndStreamed() {
        ChatCompletion answer = client.chat()
                .completions()
                .create(ask().logprobs(true).topLogprobs(2).build());
        ChatCompletion.Choice choice = answer.choices().getFirst();
        assertThat(choice.message().content()).hasValue("Größe: 42 🙂");
        assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        assertThat(choice.logprobs().orElseThrow().content().orElseThrow())
                .hasSize((int) answer.usage().orElseThrow().completionTokens())
                .allSatisfy(token -> assertThat(token.topLogprobs()).hasSize(2));
        StringBuilder text = new StringBuilder();
        long[] tokens = {0};
        try (StreamResponse<ChatCompletionChunk> stream = client.chat()
                .completions()
                .createStreaming(ask().streamOptions(ChatCompletionStreamOptions.builder()
                                .includeUsage(true)
                                .build())
                        .build())) {
            stream.stream().forEach(chunk -> {
                chunk.choices().forEach(each -> each.delta().content().ifPresent(text::append));
                chunk.usage().ifPresent(usage -> tokens[0] = usage.completionTokens());
            });
        }
        assertThat(text.toString()).isEqualTo("Größe: 42 🙂");
        assertThat(tokens[0]).isEqualTo(answer.usage().orElseThrow().completionTokens());
    }

    @Test
    void toolsThereAndBack() {
        ChatCompletionCreateParams.Builder asked = ask().addTool(calculator());
        ChatCompletion first = client.chat().completions().create(asked.build());
        assertThat(first.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        List<ChatCompletionMessageToolCall> calls =
                first.choices().getFirst().message().toolCalls().orElseThrow();
        assertThat(calls).hasSize(1);
        assertThat(calls.getFirst().asFunction().function().name()).isEqualTo("calculator");
        assertThat(calls.getFirst().asFunction().function().arguments()).isEqualTo("{\"expression\":\"6*7\"}");
        ChatCompletion second = client.chat()
                .completions()
                .create(asked.addMessage(first.choices().getFirst().message())
                        .addMessage(ChatCompletionToolMessageParam.builder()
                                .toolCallId(calls.getFirst().asFunction().id())
                                .content("42")
                                .build())
                        .build());
        assertThat(second.choices().getFirst().message().content()).hasValue("It is 42.");
    }

    @Test
    void completionsModelsAndErrors() {
        Completion plain = client.completions()
                .create(CompletionCreateParams.builder()
                        .model(ScriptedChat.NAME)
                        .prompt("one two")
                        .maxTokens(3)
                        .n(2)
                        .seed(4)
                        .logprobs(1)
                        .build());
        assertThat(plain.choices()).hasSize(2);
        assertThat(plain.choices().getFirst().logprobs().orElseThrow().tokens().orElseThrow())
                .hasSize(3);
        assertThat(client.models().list().data()).extracting(each -> each.id()).containsExactly(ScriptedChat.NAME);
        assertThat(client.models().retrieve(ScriptedChat.NAME).id()).isEqualTo(ScriptedChat.NAME);
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(ask().frequencyPenalty(0.5).build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("frequency_penalty");
        assertThatThrownBy(() ->
                        client.chat().completions().create(ask().model("nobody").build()))
                .isInstanceOf(NotFoundException.class);
        OpenAIClient other = client("wrong");
        assertThatThrownBy(() -> other.models().list()).isInstanceOf(UnauthorizedException.class);
        other.close();
    }
}
