package awl.pipeline;

import awl.Json;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/// Says which stage is at work and how far it is, and keeps what each took in `stages.jsonl`.
final class StageLog implements StageNotes {

    private static final long EVERY_NANOS = 5_000_000_000L;

    private final Path file;
    private final PrintStream out;
    private final int total;
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private int number;

    StageLog(Path folder, PrintStream out, int total) {
        this.file = folder.resolve("stages.jsonl");
        this.out = out;
        this.total = total;
        if (Files.exists(file)) {
            try {
                String text = Files.readString(file);
                String whole = text.substring(0, text.lastIndexOf('\n') + 1);
                if (whole.length() < text.length()) {
                    Files.writeString(file, whole); // the last line was cut off
                }
                whole.lines().forEach(line -> {
                    Map<String, ?> row = Json.object(line, file.toString());
                    if (row.get("seconds") instanceof Number took) {
                        seconds.merge(String.valueOf(row.get("stage")), took.doubleValue(), Double::sum);
                    }
                });
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + file, e);
            }
        }
    }

    /// Runs a stage, or says that it is done.
    ///
    /// @param done whether its result is there
    void stage(String name, BooleanSupplier done, Runnable work) {
        number++;
        String head = "[%d/%d] %s".formatted(number, total, name);
        if (done.getAsBoolean()) {
            out.println(head + ": done before");
            return;
        }
        out.println(head);
        long start = System.nanoTime();
        try {
            work.run();
        } finally {
            took(name, (System.nanoTime() - start) / 1e9);
        }
    }

    /// Says that a stage has nothing to do.
    void skip(String name) {
        number++;
        out.println("[%d/%d] %s".formatted(number, total, name));
    }

    private void took(String name, double took) {
        seconds.merge(name, took, Double::sum);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("stage", name);
        row.put("seconds", took);
        try {
            Files.writeString(file, Json.write(row) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        out.printf(Locale.ROOT, "      %.0f s%n", took);
    }

    @Override
    public IntConsumer progress(String what, int count) {
        return everyFiveSeconds(out, "      ", what, count);
    }

    /// A line every five seconds.
    static IntConsumer everyFiveSeconds(PrintStream out, String indent, String what, int count) {
        long[] last = {System.nanoTime()};
        return done -> {
            long now = System.nanoTime();
            if (now - last[0] > EVERY_NANOS) {
                last[0] = now;
                out.printf(Locale.ROOT, "%s%,d of %,d %s%n", indent, done, count, what);
            }
        };
    }

    @Override
    public void say(String line) {
        out.println("      " + line);
    }

    /// Seconds of each stage, over all runs of this folder.
    Map<String, Double> seconds() {
        return seconds;
    }
}
