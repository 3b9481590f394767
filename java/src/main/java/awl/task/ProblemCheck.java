package awl.task;

import awl.tool.Schema;
import awl.tool.Tool;
import awl.tool.Toolbox;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Holds problems against what a good set keeps: the same text has the same answer, no text twice, traces
/// call tools that exist with arguments that fit, a written solution is graded correct, and generated
/// answers are found again by a second method.
public final class ProblemCheck {

    private ProblemCheck() {}

    /// @return what is wrong, each beginning with where
    public static List<String> problems(List<ProblemFile.Row> rows) {
        List<String> wrong = new ArrayList<>();
        Map<String, ProblemFile.Row> texts = new HashMap<>();
        try (Toolbox toolbox = Toolbox.all()) {
            for (ProblemFile.Row row : rows) {
                Problem problem = row.problem();
                if (problem == null) {
                    wrong.add(String.valueOf(row.error()));
                    continue;
                }
                for (String each : problems(problem, toolbox.tools())) {
                    wrong.add(row.where() + ": " + each);
                }
                ProblemFile.Row other = texts.putIfAbsent(problem.prompt(), row);
                if (other != null && other.problem() != null) {
                    boolean same = other.problem().gold().equals(problem.gold());
                    wrong.add("%s: question: the same text as %s%s"
                            .formatted(row.where(), other.where(), same ? "" : ", with another answer"));
                }
            }
        }
        return wrong;
    }

    private static List<String> problems(Problem problem, Collection<Tool> tools) {
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < problem.trace().size(); i++) {
            String name = problem.trace().get(i).name();
            Tool tool = tools.stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElse(null);
            if (tool == null) {
                wrong.add("trace[%d].name: there is no tool '%s'; there are %s"
                        .formatted(
                                i,
                                name,
                                String.join(", ", tools.stream().map(Tool::name).toList())));
                continue;
            }
            for (String each : Schema.problems(
                    tool.spec().parameters(), problem.trace().get(i).arguments())) {
                wrong.add("trace[" + i + "].arguments: " + each);
            }
        }
        if (!wrong.isEmpty()) {
            return wrong;
        }
        boolean ours = ProblemSets.ALL.stream().anyMatch(set -> set.name().equals(problem.set()));
        if (!ours || problem.parameters().isEmpty()) {
            return wrong;
        }
        wrong.addAll(ProblemSets.named(problem.set()).recheck(problem));
        for (String text : List.of(problem.solution(), problem.conclusion())) {
            if (wrong.isEmpty()
                    && !text.isEmpty()
                    && !Grader.grade(problem, text).correct()) {
                wrong.add("solution: is graded wrong: "
                        + Grader.grade(problem, text).reason());
            }
        }
        return wrong;
    }
}
