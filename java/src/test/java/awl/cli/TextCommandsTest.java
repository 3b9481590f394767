package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.Shared;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `awl tokenize`, `awl render` and `awl show` as a user runs them.
class TextCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private List<JsonNode> rows(Path file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readString(file).split("\n")) {
            if (!line.isBlank()) {
                rows.add(JSON.readTree(line));
            }
        }
        return rows;
    }

    private int awl(Path input, Path output, String... arguments) {
        List<String> line = new ArrayList<>(List.of(arguments));
        line.addAll(List.of("--input", input.toString(), "--output", output.toString()));
        return Main.execute(line.toArray(String[]::new));
    }

    @Test
    void renderGivesTheGoldenTexts() throws IOException {
        Path chat = Shared.resource("golden/chat");
        JsonNode conversations =
                JSON.readTree(chat.resolve("conversations.json").toFile());
        List<JsonNode> expected = rows(chat.resolve("expected.jsonl"));
        TreeSet<String> templates = new TreeSet<>();
        expected.forEach(row -> templates.add(row.get("template").asText()));
        int checked = 0;
        for (String template : templates) {
            List<JsonNode> own = expected.stream()
                    .filter(row -> row.get("template").asText().equals(template))
                    .toList();
            StringBuilder input = new StringBuilder();
            for (int i = 0; i < own.size(); i++) {
                JsonNode conversation =
                        conversations.get(own.get(i).get("conversation").asText());
                ObjectNode row = JSON.createObjectNode().put("id", i);
                row.set("messages", conversation.get("messages"));
                ObjectNode variables = conversation.get("kwargs").deepCopy();
                JsonNode tools = variables.remove("tools");
                if (tools != null) {
                    row.set("tools", tools);
                }
                row.set("variables", variables);
                row.set("add_generation_prompt", own.get(i).get("add_generation_prompt"));
                input.append(row).append('\n');
            }
            Path in = Files.writeString(folder.resolve("in.jsonl"), input);
            Path out = folder.resolve("out.jsonl");
            String file = chat.resolve(template + ".jinja").toString();
            assertThat(awl(in, out, "render", "--template", file, "--date", "2026-01-15"))
                    .isZero();
            List<JsonNode> actual = rows(out);
            assertThat(actual).hasSameSizeAs(own);
            for (int i = 0; i < own.size(); i++) {
                JsonNode error = own.get(i).path("error");
                String at = template + " " + own.get(i).get("conversation");
                if (error.path("kind").asText("").equals("raise")) {
                    assertThat(actual.get(i).get("error")).as(at).isEqualTo(error.get("message"));
                } else if (!error.isMissingNode()) {
                    assertThat(actual.get(i).has("error")).as(at).isTrue();
                } else {
                    assertThat(actual.get(i).get("text"))
                            .as(at)
                            .isEqualTo(own.get(i).get("text"));
                }
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(500);
    }

    @Test
    void oneBadRowDoesNotStopTheOthers() throws IOException {
        Path in = Files.writeString(folder.resolve("in.jsonl"), """
                {"id": "a", "messages": [{"role": "user", "content": "x"}]}
                {"id": "b", "messages": 3}
                not json
                {"id": "d", "messages": [{"role": "user"}, 4]}
                {"id": "e", "messages": [{"role": "user", "content": "y"}]}
                """);
        Path out = folder.resolve("out.jsonl");
        Path template = Files.writeString(
                folder.resolve("t.jinja"), "{% for m in messages %}{{ m.role }}: {{ m.content }};{% endfor %}");
        assertThat(awl(in, out, "render", "--template", template.toString())).isZero();
        List<JsonNode> rows = rows(out);
        assertThat(rows).hasSize(5);
        assertThat(rows.get(0).get("text").asText()).isEqualTo("user: x;");
        assertThat(rows.get(1).get("error").asText()).contains("in.jsonl:2: messages: expected an array");
        assertThat(rows.get(2).get("error").asText()).contains("in.jsonl:3: not JSON");
        assertThat(rows.get(3).get("error").asText()).contains("in.jsonl:4: messages[1]: expected an object");
        assertThat(rows.get(4).get("text").asText()).isEqualTo("user: y;");
    }

    @Test
    void tokenizeAndBack() throws IOException {
        Path model = Shared.resource("golden/tokenizer/llama3_like");
        List<JsonNode> cases = rows(model.resolve("cases.jsonl")).stream()
                .filter(row -> row.get("add_special_tokens").asBoolean())
                .toList();
        StringBuilder input = new StringBuilder();
        for (int i = 0; i < cases.size(); i++) {
            input.append(JSON.createObjectNode()
                            .put("id", i)
                            .set("text", cases.get(i).get("text"))
                            .toString())
                    .append('\n');
        }
        Path in = Files.writeString(folder.resolve("in.jsonl"), input);
        Path ids = folder.resolve("ids.jsonl");
        Path back = folder.resolve("back.jsonl");
        assertThat(awl(in, ids, "tokenize", "--model", model.toString())).isZero();
        List<JsonNode> tokens = rows(ids);
        assertThat(awl(ids, back, "tokenize", "--model", model.toString(), "--decode"))
                .isZero();
        List<JsonNode> texts = rows(back);
        Path bare = folder.resolve("bare.jsonl");
        assertThat(awl(ids, bare, "tokenize", "--model", model.toString(), "--decode", "--no-special"))
                .isZero();
        List<JsonNode> skipped = rows(bare);
        for (int i = 0; i < cases.size(); i++) {
            assertThat(tokens.get(i).get("ids")).isEqualTo(cases.get(i).get("ids"));
            assertThat(texts.get(i).get("text")).isEqualTo(cases.get(i).get("decoded"));
            assertThat(skipped.get(i).get("text")).isEqualTo(cases.get(i).get("decoded_skip_special"));
        }
    }

    @Test
    void aBadRowOfTokenizeStopsAndLeavesNoFile() throws IOException {
        Path model = Shared.resource("golden/tokenizer/llama3_like");
        Path in = Files.writeString(folder.resolve("in.jsonl"), "{\"id\":1,\"text\":\"a\"}\n{\"id\":2}\n");
        Path out = folder.resolve("out.jsonl");
        assertThat(awl(in, out, "tokenize", "--model", model.toString())).isEqualTo(2);
        assertThat(out).doesNotExist();
        assertThat(awl(in, out, "tokenize", "--model", folder.resolve("none").toString()))
                .isEqualTo(2);
    }

    @Test
    void renderWithAModelGivesIdsAndWeights() throws IOException {
        Path model = Shared.resource("golden/tokenizer/qwen2_like");
        Path in = Files.writeString(
                folder.resolve("in.jsonl"),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"Yo\"}]}\n");
        Path out = folder.resolve("out.jsonl");
        assertThat(awl(in, out, "render", "--model", model.toString())).isZero();
        JsonNode row = rows(out).getFirst();
        assertThat(row.get("text").asText())
                .isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n");
        assertThat(row.get("ids").size()).isEqualTo(row.get("weights").size());
        int first = -1;
        int last = -1;
        for (int t = 0; t < row.get("weights").size(); t++) {
            if (row.get("weights").get(t).asInt() == 1) {
                first = first < 0 ? t : first;
                last = t;
            }
        }
        // <|im_end|> of the answer is learned, the line's end behind it is not.
        assertThat(row.get("ids").get(last).asInt()).isEqualTo(2002);
        assertThat(last).isEqualTo(row.get("ids").size() - 2);
        Path ids = Files.writeString(
                folder.resolve("ids.jsonl"),
                Json.write(java.util.Map.of(
                                "ids",
                                JSON.convertValue(row.get("ids"), List.class).subList(first, last)))
                        + "\n");
        assertThat(awl(ids, out, "tokenize", "--model", model.toString(), "--decode"))
                .isZero();
        assertThat(rows(out).getFirst().get("text").asText()).isEqualTo("Yo");
    }

    @Test
    void showWritesAPage() throws IOException {
        Path model = Shared.resource("golden/tokenizer/qwen2_like");
        Path in = Files.writeString(
                folder.resolve("in.jsonl"),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"<b>\"},{\"role\":\"assistant\",\"content\":\"Yo & \\ud83d\\ude00\"}]}\n");
        Path page = folder.resolve("page.html");
        assertThat(Main.execute(
                        "show", "--model", model.toString(), "--input", in.toString(), "--html", page.toString()))
                .isZero();
        String html = Files.readString(page);
        assertThat(html)
                .contains("&lt;</span>", "class=\"l\"", "&lt;|im_end|&gt;", "😀")
                .doesNotContain("<b>", "http");
    }

    /// Where a template rewrites earlier turns, what is shown is what training makes of the row.
    @Test
    void showHasEveryDocumentOfARow() throws IOException {
        Path given = Shared.resource("golden/tokenizer/qwen2_like");
        Path model = Files.createDirectory(folder.resolve("forgetful"));
        try (java.util.stream.Stream<Path> files = Files.list(given)) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        Files.writeString(
                model.resolve("chat_template.jinja"),
                "{% for m in messages %}<|im_start|>{{ m.role }}\n"
                        + "{% if m.role == 'assistant' and not loop.last %}...{% else %}{{ m.content }}{% endif %}<|im_end|>\n"
                        + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
        Path in = Files.writeString(
                folder.resolve("in.jsonl"),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"Yo\"},"
                        + "{\"role\":\"user\",\"content\":\"b\"},{\"role\":\"assistant\",\"content\":\"Hm\"}]}\n");
        Path page = folder.resolve("page.html");
        assertThat(Main.execute(
                        "show", "--model", model.toString(), "--input", in.toString(), "--html", page.toString()))
                .isZero();
        // Letters may be tokens of their own.
        String text = Files.readString(page).replaceAll("<[^>]*>", "");
        assertThat(text).contains("document 1 of 2", "document 2 of 2", "Yo", "Hm", "...");
    }
}
