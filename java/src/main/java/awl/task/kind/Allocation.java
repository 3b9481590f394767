package awl.task.kind;

import awl.data.SplitMix;
import awl.task.Gold;
import awl.task.Level;
import awl.task.OpenEnded;
import awl.task.Problem;
import awl.tool.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An open-ended kind: a budget is to be split between two measures so that an outcome becomes as small as
/// possible.
///
/// A proposal is valid when it names both amounts (`first: 12, second: 30`), each within its limits, and
/// costs no more than the budget. It counts as right when it gets nine tenths of the way from doing nothing
/// to the best split.
public abstract class Allocation {

    private static final double SHARE = 0.9;
    private static final int GRID = 40;

    private final String name;
    private final String metric;
    private final String first;
    private final String second;

    protected Allocation(String name, String metric, String first, String second) {
        this.name = name;
        this.metric = metric;
        this.first = first;
        this.second = second;
    }

    public final String name() {
        return name;
    }

    /// Draws the question: `budget`, `cost_first`, `cost_second`, `most_first`, `most_second` and whatever
    /// the model needs.
    protected abstract void draw(Draw draw);

    protected abstract List<String> wordings();

    /// What is to be small.
    protected abstract double outcome(Values values, double amountFirst, double amountSecond);

    /// The same by another method.
    protected abstract double check(Values values, double amountFirst, double amountSecond);

    /// The call that tells the outcome.
    protected abstract Kind.Step call();

    /// What the call is told of a plan: the parameters, `first`, `second`, and what follows from them.
    protected Values told(Values plan) {
        return plan;
    }

    /// @param value of the outcome
    record Best(double first, double second, double value) {}

    /// A question, or null where the draw leaves nothing to decide.
    final @Nullable Problem make(String set, long seed) {
        SplitMix random = new SplitMix(seed);
        Draw draw = new Draw(random);
        draw(draw);
        Values values = draw.values();
        double everything =
                values.at("most_first") * values.at("cost_first") + values.at("most_second") * values.at("cost_second");
        if (values.at("budget") > 0.8 * everything) {
            return null;
        }
        Best best = best(values, GRID);
        double nothing = outcome(values, 0, 0);
        if (nothing - best.value < 0.1 * Math.abs(nothing)) {
            return null;
        }
        String question = values.fill(wordings().get(random.below(wordings().size())));
        String plan = plan(best);
        List<awl.chat.ToolCall.Parsed> trace = new ArrayList<>();
        double all = Math.min(values.at("most_first"), values.at("budget") / values.at("cost_first"));
        double other = Math.min(values.at("most_second"), values.at("budget") / values.at("cost_second"));
        for (Best each : List.of(new Best(all, 0, 0), new Best(0, other, 0), best)) {
            trace.add(call().call(told(values.and("first", floor(each.first)).and("second", floor(each.second)))));
        }
        return new Problem(
                set + "-" + name + "-" + seed,
                set,
                name,
                seed,
                Level.HARD,
                question,
                List.of(),
                new Gold.Open(metric, true, target(nothing, best)),
                values.map(),
                trace,
                "The mixed plan is the best of those tried. The answer is " + plan + ".",
                "Spending the budget on both measures, where each still helps most, keeps the " + metric
                        + " smallest.\nThe answer is " + plan + ".");
    }

    private static double target(double nothing, Best best) {
        return nothing - SHARE * (nothing - best.value);
    }

    private String plan(Best best) {
        return "%s: %s, %s: %s".formatted(first, number(floor(best.first)), second, number(floor(best.second)));
    }

    /// Cut to one decimal, so that the plan as written stays within the budget.
    private static double floor(double amount) {
        return Math.floor(amount * 10 + 1e-9) / 10;
    }

    private static String number(double amount) {
        return Numbers.plain(amount).toString();
    }

    /// The best plan that spends all or meets a limit: more of either never harms.
    private Best best(Values v, int steps) {
        double budget = v.at("budget");
        double most = Math.min(v.at("most_first"), budget / v.at("cost_first"));
        Best best = new Best(0, 0, Double.POSITIVE_INFINITY);
        for (int i = 0; i <= steps; i++) {
            double one = floor(most * i / steps);
            double two =
                    floor(Math.min(v.at("most_second"), (budget - one * v.at("cost_first")) / v.at("cost_second")));
            double value = outcome(v, one, two);
            if (value < best.value) {
                best = new Best(one, two, value);
            }
        }
        return best;
    }

    final OpenEnded.Score score(Problem problem, String reply) {
        Double one = amount(reply, first);
        Double two = amount(reply, second);
        if (one == null || two == null) {
            return OpenEnded.Score.invalid("expected '%s: NUMBER, %s: NUMBER'".formatted(first, second));
        }
        Values v = new Values(problem.parameters());
        if (one < 0 || one > v.at("most_first") || two < 0 || two > v.at("most_second")) {
            return OpenEnded.Score.invalid("an amount is outside its limits");
        }
        double cost = one * v.at("cost_first") + two * v.at("cost_second");
        if (cost > v.at("budget") * (1 + 1e-9)) {
            return OpenEnded.Score.invalid(
                    "it costs %s of a budget of %s".formatted(Numbers.significant(cost), number(v.at("budget"))));
        }
        return OpenEnded.Score.of(outcome(v, one, two));
    }

    /// The last amount that is given under a name.
    private static @Nullable Double amount(String reply, String name) {
        Matcher found = Pattern.compile(
                        "\\b" + Pattern.quote(name)
                                + "\\b[*_`\"']{0,3}\\s*[:=]\\s*[*_`\"']{0,3}\\s*(-?\\d+(?:\\.\\d+)?)",
                        Pattern.CASE_INSENSITIVE)
                .matcher(reply);
        Double last = null;
        while (found.find()) {
            last = Double.valueOf(found.group(1));
        }
        return last;
    }

    final List<String> recheck(Problem problem) {
        List<String> wrong = new ArrayList<>();
        Values v = new Values(problem.parameters());
        if (!(problem.gold() instanceof Gold.Open open)) {
            return List.of("answer: expected an open-ended question");
        }
        try {
            if (wordings().stream().map(v::fill).noneMatch(problem.question()::equals)) {
                wrong.add("question: the text is not that of its parameters, so it does not determine the answer");
            }
            Best best = best(v, 3 * GRID);
            double target = target(check(v, 0, 0), new Best(0, 0, check(v, best.first, best.second)));
            if (!(Math.abs(target - open.target()) <= 0.02 * Math.abs(target))) {
                wrong.add("answer: target %s, but a second method finds %s".formatted(open.target(), target));
            }
            OpenEnded.Score score = score(problem, problem.conclusion());
            if (!problem.conclusion().isEmpty() && !(score.valid() && score.value() <= open.target())) {
                wrong.add("conclusion: its plan does not reach the target " + score.reason());
            }
        } catch (IllegalArgumentException e) {
            wrong.add("parameters: " + e.getMessage());
        }
        return wrong;
    }
}
