package awl.task.kind;

import awl.ConfigException;
import awl.Json;
import awl.chat.ToolCall;
import awl.data.Nearest;
import awl.data.SplitMix;
import awl.task.Gold;
import awl.task.OpenEnded;
import awl.task.Problem;
import awl.task.ProblemSet;
import awl.task.Split;
import awl.tool.Numbers;
import awl.tool.Tool;
import awl.tool.ToolResult;
import awl.tool.Toolbox;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A problem set made of [Kind]s.
public final class GeneratedSet implements ProblemSet, OpenEnded {

    /// Share of numeric questions that are asked with options.
    private static final double WITH_OPTIONS = 0.4;
    private static final int TRIES = 400;
    /// Options differ by more than the tolerance of a number, so that only one is right.
    private static final double[] MISTAKES = {0.35, 0.5, 0.6, 0.7, 0.8, 1.25, 1.4, 1.6, 2};
    private static final int OPTIONS = 4;

    private final String name;
    private final Map<String, Kind> kinds = new LinkedHashMap<>();
    private final Map<String, Allocation> open = new LinkedHashMap<>();
    private final List<Tool> tools;

    public GeneratedSet(String name, List<Tool> tools, List<Kind> kinds) {
        this(name, tools, kinds, List.of());
    }

    /// @param open kinds without a single answer; they are made only when asked for by name
    public GeneratedSet(String name, List<Tool> tools, List<Kind> kinds, List<Allocation> open) {
        this.name = name;
        this.tools = List.copyOf(tools);
        kinds.forEach(kind -> this.kinds.put(kind.name, kind));
        open.forEach(kind -> this.open.put(kind.name(), kind));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String toString() {
        return name;
    }

    @Override
    public List<String> kinds() {
        return List.copyOf(kinds.keySet());
    }

    @Override
    public List<String> openKinds() {
        return List.copyOf(open.keySet());
    }

    @Override
    public List<Tool> tools() {
        return tools;
    }

    @Override
    public List<Problem> generate(int count, long seed, Split split, List<String> wanted) {
        List<String> asked = new ArrayList<>(wanted.isEmpty() ? kinds.keySet() : wanted);
        asked.forEach(this::known);
        SplitMix random = new SplitMix(SplitMix.mix(seed) ^ name.hashCode());
        Set<String> texts = new HashSet<>();
        List<Problem> problems = new ArrayList<>(count);
        for (int turn = 0; problems.size() < count && !asked.isEmpty(); ) {
            String kind = asked.get(turn % asked.size());
            Problem problem = fresh(kind, random, split, texts);
            if (problem == null) {
                asked.remove(turn % asked.size()); // it has no more texts in this split
            } else {
                turn++;
                problems.add(problem.withId("%s-%s-%d-%05d".formatted(name, split.label(), seed, problems.size())));
            }
        }
        return problems;
    }

    private @Nullable Problem fresh(String kind, SplitMix random, Split split, Set<String> texts) {
        Allocation allocation = open.get(kind);
        for (int i = 0; i < TRIES; i++) {
            long seed = random.next() >>> 1;
            Problem problem = allocation != null ? allocation.make(name, seed) : make(kind, seed);
            if (problem != null && Split.of(content(problem)) == split && texts.add(problem.question())) {
                return problem;
            }
        }
        return null;
    }

    /// What a problem is about, without its wording: kind and numbers.
    static String content(Problem problem) {
        Map<String, @Nullable Object> numbers = new TreeMap<>();
        problem.parameters().forEach((key, value) -> {
            if (value instanceof Number) {
                numbers.put(key, value);
            }
        });
        return problem.kind() + Json.write(numbers);
    }

    private void known(String wanted) {
        if (!kinds.containsKey(wanted) && !open.containsKey(wanted)) {
            Set<String> all = new java.util.LinkedHashSet<>(kinds.keySet());
            all.addAll(open.keySet());
            throw new ConfigException("set '%s' has no kind '%s'; meant '%s'? It has: %s"
                    .formatted(name, wanted, Nearest.of(wanted, all), String.join(", ", all)));
        }
    }

    /// One question, or null where the draw is outside what the kind allows.
    private @Nullable Problem make(String wanted, long seed) {
        Kind kind = java.util.Objects.requireNonNull(kinds.get(wanted));
        SplitMix random = new SplitMix(seed);
        Draw draw = new Draw(random);
        kind.draws.accept(draw);
        Values values = draw.values();
        double gold = kind.gold.applyAsDouble(values);
        if (!allowed(kind, gold)) {
            return null;
        }
        String question = values.fill(kind.wordings.get(random.below(kind.wordings.size())));
        List<String> options = kind.options;
        Gold answer;
        if (!options.isEmpty()) {
            answer = new Gold.Choice((char) ('A' + (int) gold));
        } else if (draw.unit() < WITH_OPTIONS) {
            int place = random.below(OPTIONS);
            options = options(kind, gold, place, random);
            answer = new Gold.Choice((char) ('A' + place));
        } else {
            answer = new Gold.Quantity(gold, kind.unit, kind.tolerance);
        }
        String written = written(kind, gold, options, answer);
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        kind.lets.forEach((key, method) -> more.put(key, Numbers.significant(method.applyAsDouble(values))));
        more.put("answer", written(kind, gold));
        Values all = values.with(more);
        List<ToolCall.Parsed> trace =
                kind.steps.stream().map(step -> step.call(values)).toList();
        return new Problem(
                name + "-" + kind.name + "-" + seed,
                name,
                kind.name,
                seed,
                kind.level,
                question,
                options,
                answer,
                values.map(),
                trace,
                (kind.conclusion.isEmpty() ? "" : all.fill(kind.conclusion) + " ") + written,
                all.fill(kind.solution) + "\n" + written);
    }

    private static boolean allowed(Kind kind, double gold) {
        return Double.isFinite(gold) && gold >= kind.least && gold <= kind.most && Math.abs(gold) >= kind.smallest;
    }

    private static String written(Kind kind, double value) {
        return kind.options.isEmpty()
                ? new Gold.Quantity(value, kind.unit, kind.tolerance).text()
                : kind.options.get((int) value);
    }

    private static String written(Kind kind, double gold, List<String> options, Gold answer) {
        return answer instanceof Gold.Choice choice
                ? "The answer is %s) %s.".formatted(choice.letter(), options.get(choice.index()))
                : "The answer is " + written(kind, gold) + ".";
    }

    private static List<String> options(Kind kind, double gold, int place, SplitMix random) {
        List<Double> factors = new ArrayList<>();
        for (double each : MISTAKES) {
            // 188 % immune fools nobody.
            if (gold * each >= kind.least && gold * each <= kind.most) {
                factors.add(each);
            }
        }
        List<String> options = new ArrayList<>();
        for (int i = 0; i < OPTIONS; i++) {
            double value = i == place ? gold : gold * factors.remove(random.below(factors.size()));
            options.add(written(kind, value));
        }
        return options;
    }

    @Override
    public List<String> recheck(Problem problem) {
        Allocation allocation = open.get(problem.kind());
        if (allocation != null) {
            return allocation.recheck(problem);
        }
        Kind kind = kinds.get(problem.kind());
        if (kind == null) {
            return List.of("kind: set '%s' has no kind '%s'".formatted(name, problem.kind()));
        }
        List<String> wrong = new ArrayList<>();
        Values values = new Values(problem.parameters());
        try {
            if (kind.wordings.stream().map(values::fill).noneMatch(problem.question()::equals)) {
                wrong.add("question: the text is not that of its parameters, so it does not determine the answer");
            }
            double second = kind.check.applyAsDouble(values);
            double gold = gold(problem, kind, second);
            if (!Double.isFinite(gold) || gold < kind.least || gold > kind.most) {
                wrong.add("answer: %s is outside [%s, %s], what is possible".formatted(gold, kind.least, kind.most));
            }
            if (!close(gold, second, kind.agreement)) {
                wrong.add("answer: %s, but a second method finds %s"
                        .formatted(problem.gold().text(), second));
            }
            wrong.addAll(traceProblems(problem, kind, values, gold));
        } catch (IllegalArgumentException e) {
            wrong.add("parameters: " + e.getMessage());
        }
        return wrong;
    }

    @Override
    public Score score(Problem problem, String reply) {
        Allocation allocation = open.get(problem.kind());
        return allocation == null
                ? Score.invalid("kind '" + problem.kind() + "' is not open-ended")
                : allocation.score(problem, reply);
    }

    /// The gold answer as a number: that of the option where there are options.
    private static double gold(Problem problem, Kind kind, double second) {
        return switch (problem.gold()) {
            case Gold.Quantity number -> number.value();
            case Gold.Choice choice when !kind.options.isEmpty() -> choice.index();
            case Gold.Choice choice -> {
                // An option holds four digits: it stands for the value that is written so.
                boolean same = problem.options().get(choice.index()).equals(written(kind, second));
                yield same ? second : leadingNumber(problem.options().get(choice.index()));
            }
            default -> Double.NaN;
        };
    }

    private List<String> traceProblems(Problem problem, Kind kind, Values values, double gold) {
        if (problem.trace().isEmpty()) {
            return List.of();
        }
        double[] observed = new double[problem.trace().size()];
        try (Toolbox toolbox = Toolbox.of(tools)) {
            for (int i = 0; i < observed.length; i++) {
                ToolResult result = toolbox.call(problem.trace().get(i));
                if (!result.isAnswered()) {
                    return List.of("trace[" + i + "]: " + result.text());
                }
                observed[i] = leadingNumber(result.text());
            }
        }
        double found = kind.combine.of(observed, values);
        // Tools answer with four digits and solve with their own steps.
        return close(found, gold, Math.max(0.01, kind.agreement))
                ? List.of()
                : List.of("trace: its calls lead to %s, the answer is %s".formatted(found, gold));
    }

    private static double leadingNumber(String text) {
        int end = 0;
        while (end < text.length() && "+-0123456789.eE".indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        try {
            return Double.parseDouble(text.substring(0, end));
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private static boolean close(double a, double b, double relative) {
        return Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b)) + 1e-9;
    }
}
