package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GenerateCommandTest {

    private static final String MODEL = Shared.resource("golden/models/qwen2").toString();

    @TempDir
    Path folder;

    private static List<String> prompts(int count) {
        Random random = new Random(4);
        List<String> lines = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            List<Integer> ids =
                    random.ints(1 + random.nextInt(12), 0, 200).boxed().toList();
            lines.add("{\"id\":\"p" + n + "\",\"ids\":" + ids + "}");
        }
        return lines;
    }

    @Test
    void answersComeInTheOrderOfTheInput() throws IOException {
        CommandRun run = CommandRun.of(
                folder,
                prompts(9),
                "generate",
                "--model",
                MODEL,
                "--max-new-tokens",
                "7",
                "--batch",
                "4",
                "--ignore-eos");
        assertThat(run.code()).as(run.said()).isZero();
        assertThat(run.rows()).hasSize(9);
        for (int n = 0; n < 9; n++) {
            Map<String, @Nullable Object> row = run.rows().get(n);
            assertThat(row.keySet()).containsExactly("id", "ids", "text", "finish_reason", "logprobs");
            assertThat(row.get("id")).isEqualTo("p" + n);
            assertThat(row.get("ids"))
                    .asInstanceOf(InstanceOfAssertFactories.LIST)
                    .hasSize(7);
            assertThat(row.get("logprobs"))
                    .asInstanceOf(InstanceOfAssertFactories.LIST)
                    .hasSize(7)
                    .allSatisfy(value -> assertThat((Double) value).isNegative());
            assertThat(row.get("text")).isNull(); // the model has no tokenizer, and ids need none
            assertThat(row.get("finish_reason")).isEqualTo("length");
        }
    }

    @Test
    void drawsFollowSeedAndRowAndNotTheBatch() throws IOException {
        String[] settings = {
            "--model", MODEL, "--max-new-tokens", "12", "--temperature", "0.9", "--top-p", "0.95", "--top-k", "40"
        };
        List<List<@Nullable Object>> found = new ArrayList<>();
        for (String[] more : new String[][] {
            {"--seed", "3", "--batch", "1"}, {"--seed", "3", "--batch", "5"}, {"--seed", "4", "--batch", "5"}
        }) {
            List<String> arguments = new ArrayList<>(List.of(settings));
            arguments.addAll(List.of(more));
            CommandRun run = CommandRun.of(folder, prompts(8), "generate", arguments.toArray(new String[0]));
            assertThat(run.code()).as(run.said()).isZero();
            assertThat(run.said())
                    .contains(
                            "sampling: temperature 0.9, top-k 40, top-p 0.95, seed " + more[1],
                            more[3] + " answers at once",
                            "threads, kernels ",
                            "sampling by ");
            List<@Nullable Object> ids = new ArrayList<>();
            run.rows().forEach(row -> ids.add(row.get("ids")));
            found.add(ids);
        }
        assertThat(found.get(1)).isEqualTo(found.get(0));
        assertThat(found.get(2)).isNotEqualTo(found.get(0));
    }

    @Test
    void mistakesOfTheUserEndWithTwo() throws IOException {
        assertUserError(List.of("{\"id\":\"a\",\"ids\":[]}"), "in.jsonl:1: ids: expected at least one token", "5");
        assertUserError(List.of("{\"id\":\"a\",\"ids\":[123456789]}"), "in.jsonl:1: ids[0]", "5");
        assertUserError(List.of("{\"id\":\"a\",\"ids\":[1]}"), "--max-new-tokens", "0");
        assertUserError(List.of("{\"id\":\"a\",\"ids\":[1]}"), "top-p", "5", "--top-p", "1.5");
        assertUserError(List.of("{\"id\":\"a\",\"ids\":[1]}"), "tokenizer", "5", "--stop", "x");
        assertUserError(List.of("{\"id\":\"a\",\"text\":\"x\"}"), "tokenizer", "5");
    }

    private void assertUserError(List<String> input, String message, String newTokens, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--model", MODEL, "--max-new-tokens", newTokens));
        arguments.addAll(List.of(more));
        CommandRun run = CommandRun.of(folder, input, "generate", arguments.toArray(new String[0]));
        assertThat(run.code()).as(run.said()).isEqualTo(2);
        assertThat(run.said()).contains(message).doesNotContain("\tat ");
        assertThat(run.rows()).isEmpty();
    }
}
