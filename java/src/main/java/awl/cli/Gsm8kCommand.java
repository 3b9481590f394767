package awl.cli;

import awl.ConfigException;
import awl.DataException;
import awl.chat.Conversation;
import awl.data.JsonLines;
import awl.data.JsonLinesWriter;
import awl.data.SplitMix;
import awl.task.gsm8k.Gsm8kConversation;
import awl.task.gsm8k.Gsm8kConversation.Converted;
import awl.token.CheckpointText;
import awl.token.Rendered;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl data gsm8k`: GSM8K's JSON lines to training rows with calculator calls.
@Command(
        name = "gsm8k",
        mixinStandardHelpOptions = true,
        description = {
            "GSM8K lines {\"question\",\"answer\"} become rows {\"id\",\"messages\",\"tools\",\"answer\"}: each"
                    + " annotation <<48/2=24>> is a calculator call and its reply.",
            "A row with an annotation that the calculator does not confirm is dropped, counted and named; with"
                    + " --keep-unconfirmed it stays, its sentence as plain text without that call."
        })
final class Gsm8kCommand implements Callable<Integer> {

    private static final int NAMED = 10;

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "train.jsonl of GSM8K.")
    Path input = Path.of("");

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Training rows (JSON lines).")
    Path output = Path.of("");

    @Option(names = "--limit", paramLabel = "N", description = "Write at most N training rows, drawn by the seed.")
    @Nullable
    Integer limit;

    @Option(names = "--seed", defaultValue = "42", description = "Of the draw. Default: ${DEFAULT-VALUE}.")
    long seed;

    @Option(names = "--validation", paramLabel = "FILE", description = "Rows held out of the output.")
    @Nullable
    Path validation;

    @Option(
            names = "--validation-size",
            defaultValue = "256",
            paramLabel = "M",
            description = "How many. Default: ${DEFAULT-VALUE}.")
    int validationSize;

    @Option(names = "--keep-unconfirmed", description = "Keep rows whose annotations the calculator does not confirm.")
    boolean keep;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Report the share of learned tokens with its template.")
    @Nullable
    Path model;

    /// @param line of the input
    private record Row(long line, Converted converted) {}

    @Override
    public Integer call() {
        if (validationSize < 1 || (limit != null && limit < 1)) {
            throw new ConfigException("--limit and --validation-size: expected at least 1");
        }
        List<Row> rows = read();
        // The order of the draw is a shuffle by the seed; what is drawn is written in the file's order.
        SplitMix random = new SplitMix(seed);
        List<Row> drawn = new ArrayList<>(rows);
        for (int i = drawn.size() - 1; i > 0; i--) {
            Collections.swap(drawn, i, random.below(i + 1));
        }
        int held = validation == null ? 0 : validationSize;
        if (held >= rows.size()) {
            throw new ConfigException(
                    "--validation-size: %d of %d rows leaves none to train on".formatted(validationSize, rows.size()));
        }
        int end = limit == null ? rows.size() : (int) Math.min(rows.size(), (long) held + limit);
        write(output, drawn.subList(held, end));
        if (validation != null) {
            write(validation, drawn.subList(0, held));
        }
        return 0;
    }

    private List<Row> read() {
        List<Row> rows = new ArrayList<>();
        int unconfirmed = 0;
        int dropped = 0;
        try (JsonLines lines = JsonLines.open(input)) {
            for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                Converted converted = convert(line);
                if (!converted.problems().isEmpty()) {
                    if (unconfirmed++ < NAMED) {
                        System.err.println(line.where() + ": " + String.join("; ", converted.problems())
                                + (keep ? " (kept without the call)" : " (dropped)"));
                    }
                    if (!keep) {
                        dropped++;
                        continue;
                    }
                }
                rows.add(new Row(line.number(), converted));
            }
        }
        if (unconfirmed > NAMED) {
            System.err.println("... and " + (unconfirmed - NAMED) + " more");
        }
        System.err.printf(
                Locale.ROOT,
                "%d rows read, %d with annotations the calculator does not confirm, %d dropped%n",
                rows.size() + dropped,
                unconfirmed,
                dropped);
        return rows;
    }

    private static Converted convert(JsonLines.Line line) {
        Map<String, @Nullable Object> row = line.object();
        if (!(row.get("question") instanceof String question) || !(row.get("answer") instanceof String answer)) {
            throw line.wrong("expected {\"question\": text, \"answer\": text} as GSM8K has it");
        }
        try {
            return Gsm8kConversation.of(question, answer);
        } catch (DataException e) {
            throw line.wrong(String.valueOf(e.getMessage()));
        }
    }

    private void write(Path file, List<Row> rows) {
        List<Row> ordered = new ArrayList<>(rows);
        ordered.sort(java.util.Comparator.comparingLong(Row::line));
        int calls = 0;
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            for (Row row : ordered) {
                Conversation conversation = row.converted.conversation();
                Map<String, @Nullable Object> json = new LinkedHashMap<>();
                json.put("id", "gsm8k-" + row.line);
                json.put("messages", conversation.messagesJson());
                json.put("tools", conversation.toolsJson());
                json.put("answer", row.converted.answer());
                out.write(json);
                calls += row.converted.calls();
            }
            out.commit();
        }
        System.err.printf(
                Locale.ROOT, "%s: %d rows, %d calculator calls%s%n", file, ordered.size(), calls, share(ordered));
    }

    private String share(List<Row> rows) {
        if (model == null) {
            return "";
        }
        long tokens = 0;
        long learned = 0;
        try (CheckpointText text = ModelText.open(model)) {
            Renderer renderer = text.renderer(true);
            for (Row row : rows) {
                Rendered rendered = renderer.render(row.converted.conversation());
                tokens += rendered.ids().length;
                for (float weight : rendered.weights()) {
                    learned += weight != 0 ? 1 : 0;
                }
            }
        }
        return String.format(
                Locale.ROOT, ", %,d tokens, %,d of them learned (%.1f %%)", tokens, learned, 100.0 * learned / tokens);
    }
}
