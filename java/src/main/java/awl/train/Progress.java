package awl.train;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// What a person sees of a run: a bar with the time left on a terminal, plain lines elsewhere (files,
/// schedulers).
public final class Progress implements AutoCloseable {

    private static final long LINE_EVERY_NANOS = 5_000_000_000L;

    private final PrintStream out;
    private final boolean terminal;
    private @Nullable ProgressBar bar;
    private long total;
    private long first;
    private long startNanos;
    private long lastLineNanos;

    /// @param terminal whether `out` can redraw a line
    public Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /// On standard error, as a bar where that is a terminal.
    public static Progress standard() {
        boolean terminal = System.console() != null && System.console().isTerminal();
        return new Progress(System.err, terminal && !"dumb".equals(System.getenv("TERM")));
    }

    /// Into a file: what a rank other than 0 would say.
    static Progress file(Path file) {
        try {
            return new Progress(
                    new PrintStream(
                            Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                            true,
                            StandardCharsets.UTF_8),
                    false);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /// A line of its own.
    public void note(String line) {
        if (bar != null) {
            out.println(); // behind the bar, which draws itself anew below
        }
        out.println(line);
    }

    /// @param done steps that are done already
    void begin(long done, long totalSteps) {
        first = done;
        total = totalSteps;
        startNanos = System.nanoTime();
        lastLineNanos = 0;
        if (terminal && done < totalSteps) {
            bar = new ProgressBarBuilder()
                    .setTaskName("train")
                    .setInitialMax(totalSteps)
                    .startsFrom(done, java.time.Duration.ZERO)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(250)
                    .build();
        }
    }

    void step(StepReport report) {
        String figures = String.format(
                Locale.ROOT,
                "loss %.4f%s, norm %.3f, lr %.3g, %.0f tok/s",
                report.loss(),
                parts(report.parts()),
                report.gradientNorm(),
                report.learningRate(),
                report.tokensPerSecond());
        if (bar != null) {
            bar.setExtraMessage(" " + figures);
            bar.stepTo(report.step());
            return;
        }
        long now = System.nanoTime();
        if (report.step() == total || lastLineNanos == 0 || now - lastLineNanos > LINE_EVERY_NANOS) {
            lastLineNanos = now;
            double left = (double) (now - startNanos) / (report.step() - first) * (total - report.step()) / 1e9;
            out.printf(
                    Locale.ROOT, "step %d/%d: %s, %s left%n", report.step(), total, figures, clock(Math.round(left)));
        }
    }

    /// What an objective reports beside its loss, `(J_hard 1.25, ...)`; empty where there is nothing.
    static String parts(Map<String, @Nullable Double> parts) {
        String list = parts.entrySet().stream()
                .filter(part -> part.getValue() != null && !part.getKey().equals("J_Mix")) // that is the loss
                .map(part -> String.format(Locale.ROOT, "%s %.4f", part.getKey(), part.getValue()))
                .collect(Collectors.joining(", "));
        return list.isEmpty() ? "" : " (" + list + ")";
    }

    private static String clock(long seconds) {
        return seconds >= 3600
                ? "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60)
                : "%d:%02d".formatted(seconds / 60, seconds % 60);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
