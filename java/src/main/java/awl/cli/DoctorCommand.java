package awl.cli;

import awl.Json;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `awl doctor`: what would run here and why.
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = {
            "Says what would run here and why, and what to do about what is missing.",
            "Exit code 0, or 1 where something is broken without which nothing runs."
        })
final class DoctorCommand implements Callable<Integer> {

    @Option(names = "--json", description = "One JSON object instead of text.")
    boolean json;

    @Spec
    @Nullable
    CommandSpec spec;

    @Override
    public Integer call() {
        List<Finding> findings = Diagnosis.run();
        CommandSpec here = java.util.Objects.requireNonNull(spec);
        PrintWriter out = here.commandLine().getOut();
        out.println(json ? Json.writeIndented(object(findings)) : text(findings));
        out.flush();
        return exitCode(findings);
    }

    static int exitCode(List<Finding> findings) {
        return findings.stream().anyMatch(each -> each.state() == Finding.State.BROKEN) ? 1 : 0;
    }

    static Map<String, @Nullable Object> object(List<Finding> findings) {
        List<Object> rows = new ArrayList<>();
        for (Finding each : findings) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("group", each.group());
            row.put("name", each.name());
            row.put("state", each.state().name().toLowerCase(Locale.ROOT));
            row.put("value", each.value());
            if (each.advice() != null) {
                row.put("advice", each.advice());
            }
            rows.add(row);
        }
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("ok", exitCode(findings) == 0);
        object.put("findings", rows);
        return object;
    }

    /// Aligned lines under headings; a note or fault is marked and followed by what to do.
    static String text(List<Finding> findings) {
        int width =
                findings.stream().mapToInt(each -> each.name().length()).max().orElse(0);
        StringBuilder text = new StringBuilder();
        String group = "";
        for (Finding each : findings) {
            if (!each.group().equals(group)) {
                group = each.group();
                text.append(text.isEmpty() ? "" : "\n").append(group).append('\n');
            }
            String mark = switch (each.state()) {
                case OK -> "  ";
                case NOTE -> "- ";
                case BROKEN -> "! ";
            };
            text.append("  ").append(mark).append(each.name());
            text.append(" ".repeat(width - each.name().length() + 2))
                    .append(each.value())
                    .append('\n');
            if (each.advice() != null) {
                text.append(" ".repeat(width + 6))
                        .append("-> ")
                        .append(each.advice())
                        .append('\n');
            }
        }
        boolean broken = exitCode(findings) != 0;
        return text.append('\n')
                .append(broken ? "Something is broken (!): nothing will run before it is repaired." : "Ready.")
                .toString();
    }
}
