package awl.cli;

import awl.task.Gold;
import awl.task.Level;
import awl.task.Problem;
import awl.task.ProblemFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl problems inspect`: what is in a file.
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Count a file's questions by set, kind, level and form of answer, and show some.")
final class InspectProblems implements Callable<Integer> {

    @Parameters(paramLabel = "FILE", description = "Problems: ours, your JSON lines, or a public set's file.")
    Path file = Path.of("");

    @Option(names = "--show", defaultValue = "2", paramLabel = "N", description = "Questions shown. Default: 2.")
    int show;

    @Override
    public Integer call() {
        List<Problem> problems = ProblemFile.read(file);
        Map<String, Integer> counts = new TreeMap<>();
        for (Problem each : problems) {
            Level level = each.level();
            counts.merge(
                    "%-14s %-26s %-5s %-10s"
                            .formatted(each.set(), each.kind(), level == null ? "-" : level.label(), form(each.gold())),
                    1,
                    Integer::sum);
        }
        System.out.println("%-14s %-26s %-5s %-10s %s".formatted("set", "kind", "level", "answer", "questions"));
        counts.forEach((key, count) -> System.out.println(key + " " + count));
        System.out.println(problems.size() + " in all");
        int every = Math.max(1, problems.size() / Math.max(1, show));
        for (int i = 0; i < Math.min(show, problems.size()); i++) {
            Problem problem = problems.get(i * every);
            System.out.println("\n" + problem.id() + "\n" + problem.prompt() + "\n-> "
                    + problem.gold().text());
            problem.trace().forEach(call -> System.out.println("   " + call.name() + awl.Json.write(call.arguments())));
            if (!problem.solution().isEmpty()) {
                System.out.println("   " + problem.solution().replace("\n", "\n   "));
            }
        }
        return 0;
    }

    private static String form(Gold gold) {
        return switch (gold) {
            case Gold.Choice choice -> "choice";
            case Gold.Quantity number -> "number";
            case Gold.Expression formula -> "expression";
            case Gold.Words words -> "words";
            case Gold.Open open -> "open";
        };
    }
}
