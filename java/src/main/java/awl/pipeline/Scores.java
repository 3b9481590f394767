package awl.pipeline;

import awl.chat.ToolMode;
import awl.task.Gold;
import awl.task.Level;
import awl.task.Problem;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// What one model reached on the unseen questions.
///
/// @param problems by id, open-ended ones included
/// @param byMode answers to questions with a single answer, in the order of the questions
/// @param open answers to open-ended ones
record Scores(
        String name, Map<String, Problem> problems, Map<ToolMode, List<Trajectory>> byMode, List<Trajectory> open) {

    static Scores of(String name, List<Problem> unseen, List<Trajectory> answers) {
        Map<String, Problem> problems = ProblemSource.byId(unseen);
        Map<String, Trajectory> byKey = new LinkedHashMap<>();
        answers.forEach(each -> byKey.put(each.key(), each));
        Map<ToolMode, List<Trajectory>> byMode = new EnumMap<>(ToolMode.class);
        List<Trajectory> open = new ArrayList<>();
        for (ToolMode mode : ToolMode.values()) {
            List<Trajectory> under = new ArrayList<>();
            for (Problem problem : unseen) {
                Trajectory answer = byKey.get(Trajectory.key(problem.id(), mode, 0));
                if (answer != null) {
                    (problem.gold() instanceof Gold.Open ? open : under).add(answer);
                }
            }
            byMode.put(mode, under);
        }
        return new Scores(name, problems, byMode, open);
    }

    List<Trajectory> under(ToolMode mode) {
        return Objects.requireNonNull(byMode.get(mode));
    }

    Set<String> sets() {
        Set<String> sets = new LinkedHashSet<>();
        byMode.values().forEach(answers -> answers.forEach(each -> sets.add(each.set())));
        return sets;
    }

    /// The same for some questions only.
    Scores where(Predicate<Trajectory> which) {
        Map<ToolMode, List<Trajectory>> some = new EnumMap<>(ToolMode.class);
        byMode.forEach(
                (mode, answers) -> some.put(mode, answers.stream().filter(which).toList()));
        return new Scores(name, problems, some, open.stream().filter(which).toList());
    }

    Proportion accuracy(ToolMode mode) {
        return Proportion.of(under(mode), Trajectory::right);
    }

    /// Share of questions with a call where the model may choose.
    Proportion toolRate() {
        return Proportion.of(under(ToolMode.OPTIONAL), Trajectory::usedTool);
    }

    /// Tool-usage accuracy; a question is easy where this model answers it under P_n.
    ToolUse toolUseBySelf() {
        return toolUseBy(this);
    }

    /// Tool-usage accuracy; a question is easy where another model answers it under P_n: the same for all that are
    /// compared.
    ToolUse toolUseBy(Scores reference) {
        Map<String, Boolean> easy = new LinkedHashMap<>();
        reference.under(ToolMode.NONE).forEach(each -> easy.put(each.id(), each.right()));
        return toolUse(easy);
    }

    /// Tool-usage accuracy; a question is easy where its maker says so. Questions of which nobody says are left out.
    ToolUse toolUseByLevel() {
        Map<String, Boolean> easy = new LinkedHashMap<>();
        for (Trajectory each : under(ToolMode.OPTIONAL)) {
            Problem problem = problems.get(each.id());
            Level level = problem == null ? null : problem.level();
            if (level != null) {
                easy.put(each.id(), level == Level.EASY);
            }
        }
        return toolUse(easy);
    }

    private ToolUse toolUse(Map<String, Boolean> easy) {
        List<Boolean> easyThere = new ArrayList<>();
        List<Boolean> used = new ArrayList<>();
        for (Trajectory each : under(ToolMode.OPTIONAL)) {
            Boolean known = easy.get(each.id());
            if (known != null) {
                easyThere.add(known);
                used.add(each.usedTool());
            }
        }
        return ToolUse.of(easyThere, used);
    }

    /// Mean over the answers under P_i; NaN where there are none.
    double perQuestion(ToDoubleFunction<Trajectory> what) {
        return under(ToolMode.OPTIONAL).stream().mapToDouble(what).average().orElse(Double.NaN);
    }

    /// Figures for machines; what is undefined is null.
    ///
    /// @param reference whose answers under P_n make the fixed partition; null for none
    Map<String, @Nullable Object> json(@Nullable Scores reference) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("model", name);
        for (ToolMode mode : ToolMode.values()) {
            json.put("accuracy_" + Trajectory.label(mode), share(accuracy(mode)));
        }
        json.put("tool_use_own", use(toolUseBySelf()));
        json.put("tool_use_fixed", reference == null ? null : use(toolUseBy(reference)));
        json.put("tool_use_level", use(toolUseByLevel()));
        json.put("tool_rate", share(toolRate()));
        json.put("calls", number(perQuestion(Trajectory::calls)));
        json.put("tokens", number(perQuestion(Trajectory::tokens)));
        json.put("seconds", number(perQuestion(Trajectory::seconds)));
        if (!open.isEmpty()) {
            json.put("open_reached", share(Proportion.of(open, Trajectory::right)));
            json.put("open_valid", share(Proportion.of(open, each -> each.answer() != null)));
        }
        return json;
    }

    private static @Nullable Map<String, @Nullable Object> share(Proportion share) {
        if (share.count() == 0) {
            return null;
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("value", share.value());
        json.put("low", share.low());
        json.put("high", share.high());
        json.put("hits", share.hits());
        json.put("count", share.count());
        return json;
    }

    private static @Nullable Map<String, @Nullable Object> use(ToolUse use) {
        if (Double.isNaN(use.value())) {
            return null;
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("value", use.value());
        json.put("low", use.low());
        json.put("high", use.high());
        json.put("used_on_easy", number(use.usedOnEasy().value()));
        json.put("used_on_hard", number(use.usedOnHard().value()));
        return json;
    }

    static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
