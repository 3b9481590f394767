package awl.bench;

import awl.tensor.Precision;
import java.util.List;
import java.util.stream.Collectors;

/// A [BenchReport] as Markdown.
final class BenchMarkdown {

    private static final List<String> HEADS = List.of(
            "case",
            "contender",
            "median",
            "p20-p80",
            "time / ours",
            "time / bare products",
            "rate (of the machine's)",
            "MiB above inputs",
            "worst error");

    private BenchMarkdown() {}

    static String of(BenchReport report) {
        StringBuilder text = new StringBuilder();
        text.append("# awl bench\n\n`").append(report.command()).append("`\n\n");
        text.append("Kernels: ").append(report.kernels()).append("\n\n");
        text.append(report.facts().entrySet().stream()
                        .map(fact -> fact.getKey() + " " + fact.getValue())
                        .collect(Collectors.joining(", ")))
                .append("\n\n");
        Figures.machine(report).forEach(line -> text.append("* ").append(line).append('\n'));
        for (String kernel : report.kernelNames()) {
            text.append("\n## ").append(kernel).append("\n\n");
            text.append(KernelCases.named(kernel).question()).append('\n');
            for (Precision dtype : report.dtypes(kernel)) {
                text.append("\n").append(table(report, report.cases(kernel, dtype)));
            }
        }
        text.append('\n');
        for (CaseResult inexact : report.inexact()) {
            text.append("**!** %s: ours is further from float64 than allowed: %s%n"
                    .formatted(inexact.fullLabel(), inexact.ours().tooFar()));
        }
        text.append("## How\n\n");
        Figures.method(report).forEach(line -> text.append("* ").append(line).append('\n'));
        return text.toString();
    }

    /// The table of some cases of one kernel.
    static String table(BenchReport report, List<CaseResult> cases) {
        boolean floors = cases.stream().anyMatch(each -> each.floor().isPresent());
        List<String> heads = floors
                ? HEADS
                : HEADS.stream()
                        .filter(head -> !head.equals("time / bare products"))
                        .toList();
        StringBuilder text = new StringBuilder();
        text.append("| ").append(String.join(" | ", heads)).append(" |\n");
        text.append("|---".repeat(heads.size())).append("|\n");
        for (CaseResult each : cases) {
            for (ContenderResult contender : each.contenders()) {
                boolean floor = contender.role() == Contender.Role.FLOOR;
                text.append("| %s, %s | %s | %s | %s | %s |"
                        .formatted(
                                each.label(),
                                each.dtype(),
                                contender.name(),
                                Figures.time(contender.time().median()),
                                Figures.span(contender.time()),
                                contender == each.ours() ? "" : Figures.ratio(each.againstOurs(contender))));
                if (floors) {
                    text.append(" %s |"
                            .formatted(each.againstFloor(contender)
                                    .filter(_ -> !floor)
                                    .map(Figures::ratio)
                                    .orElse("")));
                }
                text.append(" %s | %s | %s%s |%n"
                        .formatted(
                                Figures.rate(report, each, contender),
                                floor ? "" : Figures.memory(contender.memoryMib()),
                                Figures.errors(contender),
                                contender.tooFar().isEmpty() ? "" : " **!**"));
            }
        }
        return text.toString();
    }
}
