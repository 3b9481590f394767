package awl.cli;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.data.JsonLines;
import awl.token.CheckpointText;
import awl.token.Rendered;
import awl.token.Renderer;
import awl.token.TokenView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl show`: one training row as the tokens the model sees, coloured by what is learned.
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = {
            "One training row as tokens coloured by weight, in the terminal and as HTML. Rows are",
            "{\"messages\",[\"tools\"]}, {\"prompt\",\"completion\"} or {\"ids\",\"weights\"}."
        })
final class ShowCommand implements Callable<Integer> {

    @Option(names = "--model", required = true, description = "Folder or GGUF file with tokenizer and chat template.")
    Path model;

    @Option(names = "--input", required = true, description = "JSON lines to read.")
    Path input;

    @Option(names = "--row", description = "Which row, counted from 1 (default: ${DEFAULT-VALUE}).", defaultValue = "1")
    int row;

    @Option(names = "--id", description = "Which row, by its id.")
    @Nullable
    String id;

    @Option(
            names = "--call-format",
            paramLabel = "NAME",
            description = "How calls are written where the template has no place for tools: plain (default), hermes,"
                    + " llama or mistral.")
    @Nullable
    String callFormat;

    @Option(names = "--html", description = "Write a page of HTML there, too.")
    @Nullable
    Path html;

    @Option(
            names = "--color",
            description = "auto, always or never (default: ${DEFAULT-VALUE}).",
            defaultValue = "auto")
    String color;

    @Override
    public Integer call() {
        JsonLines.Line line = find();
        try (CheckpointText text = ModelText.open(model)) {
            TokenView view = view(text, line);
            System.out.println(view.text(colour()));
            System.out.println();
            System.out.println(line.where() + ": " + view.summary());
            if (html != null) {
                write(html, view.html(line.where()));
            }
        }
        return 0;
    }

    private boolean colour() {
        return switch (color) {
            case "always" -> true;
            case "never" -> false;
            case "auto" -> {
                var console = System.console();
                yield console != null && console.isTerminal() && System.getenv("NO_COLOR") == null;
            }
            default -> throw new ConfigException("--color " + color + ": expected auto, always or never");
        };
    }

    private JsonLines.Line find() {
        int count = 0;
        try (JsonLines lines = JsonLines.open(input)) {
            for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                count++;
                if (id == null
                        ? count == row
                        : id.equals(String.valueOf(line.object().get("id")))) {
                    return line;
                }
            }
        }
        throw new ConfigException(
                id == null
                        ? "--row %d: %s has %d rows".formatted(row, input, count)
                        : "--id %s: none of the %d rows of %s has it".formatted(id, count, input));
    }

    private TokenView view(CheckpointText text, JsonLines.Line line) {
        Map<String, @Nullable Object> row = line.object();
        try {
            if (row.get("ids") != null) {
                int[] ids = ints(row.get("ids"));
                return TokenView.of(text.tokenizer(), ids, weights(row.get("weights"), ids.length));
            }
            if (row.get("prompt") instanceof String prompt && row.get("completion") instanceof String completion) {
                Rendered rendered = text.renderer(false).completion(prompt, completion);
                return TokenView.of(text.tokenizer(), rendered.ids(), rendered.weights());
            }
            Conversation conversation = ConversationReader.row(row);
            Renderer renderer =
                    ModelText.formatted(text.renderer(!conversation.tools().isEmpty()), callFormat);
            List<Rendered> documents = documents(renderer, conversation);
            if (documents.size() > 1) {
                System.err.printf(
                        "awl: %s: the template rewrites earlier turns, so this row is trained as %d documents%n",
                        line.where(), documents.size());
                return TokenView.of(text.tokenizer(), documents);
            }
            Renderer.Detail detail = renderer.detail(renderer.request(conversation, false));
            detail.notes().forEach(note -> System.err.println("awl: " + line.where() + ": " + note));
            return TokenView.of(detail);
        } catch (DataException e) {
            throw line.wrong(e.getMessage() == null ? "" : e.getMessage());
        }
    }

    /// As training makes them; none where there is nothing it could learn, which is shown whole.
    private static List<Rendered> documents(Renderer renderer, Conversation conversation) {
        try {
            return renderer.documents(conversation, 0);
        } catch (DataException e) {
            return List.of();
        }
    }

    private static int[] ints(@Nullable Object value) {
        if (!(value instanceof List<?> list)) {
            throw new DataException("ids: expected an array, found " + Json.kind(value));
        }
        int[] ids = new int[list.size()];
        for (int t = 0; t < ids.length; t++) {
            if (!(list.get(t) instanceof Long number) || number < 0 || number > Integer.MAX_VALUE) {
                throw new DataException("ids[%d]: expected a token id, found %s".formatted(t, Json.kind(list.get(t))));
            }
            ids[t] = number.intValue();
        }
        return ids;
    }

    private static float[] weights(@Nullable Object value, int length) {
        if (!(value instanceof List<?> list) || list.size() != length) {
            throw new DataException("weights: expected %d numbers, one for each id, found %s"
                    .formatted(length, value instanceof List<?> other ? other.size() : Json.kind(value)));
        }
        float[] weights = new float[length];
        for (int t = 0; t < length; t++) {
            if (!(list.get(t) instanceof Number number)) {
                throw new DataException(
                        "weights[%d]: expected a number, found %s".formatted(t, Json.kind(list.get(t))));
            }
            weights[t] = number.floatValue();
        }
        return weights;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new ConfigException("--html " + file + ": cannot be written: " + e, e);
        }
    }
}
