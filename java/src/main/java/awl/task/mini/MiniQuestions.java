package awl.task.mini;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// Makes questions from a seed. Numbers stand in the question exactly as in the call, and in the same order, so that a
/// call is copied digit by digit.
public final class MiniQuestions {

    private static final String[] MOVERS = {"cart", "ball", "train", "runner", "car", "boat", "bird", "sled"};
    private static final String[] SOLIDS = {"rod", "wire", "bar", "wall"};
    private static final String[] DISEASES = {"flu", "measles", "plague", "cold", "fever"};

    private final Random random;
    private long made;

    public MiniQuestions(long seed) {
        this.random = new Random(seed);
    }

    /// A set with equally many of each kind and no text twice.
    ///
    /// @param prefix of the ids
    /// @param taken questions that must not come again; those made are added
    public List<MiniProblem> distinct(int count, List<MiniKind> kinds, String prefix, Set<String> taken) {
        List<MiniProblem> problems = new ArrayList<>(count);
        Set<String> mine = new HashSet<>();
        // Small kinds have fewer texts than are wanted: after many tries the next kind takes their place.
        for (int i = 0; problems.size() < count && i < 40 * count; i++) {
            MiniProblem problem = next(kinds.get(i % kinds.size()), prefix + problems.size());
            if (!taken.contains(problem.question()) && mine.add(problem.question())) {
                problems.add(problem);
            }
        }
        taken.addAll(mine);
        return problems;
    }

    /// A question of any kind, texts repeated now and then.
    public MiniProblem next(List<MiniKind> kinds) {
        return next(kinds.get(random.nextInt(kinds.size())), "q" + made++);
    }

    private MiniProblem next(MiniKind kind, String id) {
        Draft draft = switch (kind) {
            case DISTANCE -> distance();
            case COLLISION -> collision();
            case RANGE -> range();
            case PENDULUM -> pendulum();
            case EQUAL -> equalEnds();
            case MEAN -> meanOfEnds();
            case HEAT -> heat();
            case GROWS -> grows();
            case RATES -> rates();
            case PEAK -> epidemic("peak", "Peak in percent?", decimal(uniform(3, 50), 1));
            case DAY -> epidemic("day", "Day of the peak?", String.valueOf(between(20, 300)));
            case PATHWAY -> pathway();
            case WARMING -> warming();
        };
        String answer = MiniTools.run(kind.tool(), draft.arguments);
        return new MiniProblem(id, kind, draft.question, draft.arguments, answer, draft.known, draft.guess);
    }

    private record Draft(String question, Map<String, Object> arguments, boolean known, String guess) {}

    private Draft distance() {
        long v = between(2, 6); // a table of forty entries: small enough to be learned by heart
        long t = between(2, 9);
        String mover = any(MOVERS);
        String question = any(
                "A " + mover + " moves at " + v + " m/s for " + t + " s. Distance in m?",
                "How far does a " + mover + " go at " + v + " m/s in " + t + " s?");
        return new Draft(question, call("uniform", "v", v, "t", t), v <= 3, String.valueOf(between(4, 54)));
    }

    private Draft collision() {
        long u = between(1, 99);
        long w = between(1, 99);
        String mover = any(MOVERS);
        String question = "A " + mover + " at " + u + " m/s hits an equal " + mover + " at " + w
                + " m/s elastically. Speed of the first after?";
        return new Draft(question, call("collision", "u", u, "w", w), u > w, String.valueOf(between(1, 99)));
    }

    private Draft range() {
        double v = between(100, 999) / 10.0;
        long angle = between(10, 80);
        String question =
                "A " + any("cart", "ball") + " is thrown at " + v + " m/s and angle " + angle + " deg. Range in m?";
        return new Draft(question, call("range", "v", v, "angle", angle), false, decimal(uniform(5, 900), 1));
    }

    private Draft pendulum() {
        double length = between(100, 999) / 100.0;
        long angle = between(30, 150);
        String question = "A pendulum of length " + length + " m starts at angle " + angle + " deg. Period in s?";
        return new Draft(
                question, call("pendulum", "length", length, "angle", angle), false, decimal(uniform(2, 9), 2));
    }

    private Draft equalEnds() {
        long value = between(1, 99);
        String solid = any(SOLIDS);
        String question = any(
                "Both ends of a " + solid + " stay at " + value + " C. Final value in the middle?",
                "A " + solid + " has both ends at " + value + " C. Middle after a long time?");
        return new Draft(
                question, call("steady", "left", value, "right", value), value < 50, String.valueOf(between(1, 99)));
    }

    private Draft meanOfEnds() {
        long a = between(0, 9);
        long b = 2 * between(0, 4) + a % 2; // the mean is a whole number
        String solid = any(SOLIDS);
        String question = any(
                "The ends of a " + solid + " stay at " + a + " C and " + b + " C. Final value in the middle?",
                "A " + solid + " has ends at " + a + " C and " + b + " C. Middle after a long time?");
        return new Draft(question, call("steady", "left", a, "right", b), a < b, String.valueOf(between(0, 9)));
    }

    private Draft heat() {
        long amplitude = between(10, 99);
        double d = between(1, 9) / 100.0;
        double x = between(5, 95) / 100.0;
        double t = between(5, 60) / 10.0;
        String question = "A rod starts with a sine of " + amplitude + " C and D " + d + ". Value at x " + x + " after "
                + t + " s?";
        return new Draft(
                question, call("value", "amp", amplitude, "D", d, "x", x, "t", t), false, decimal(uniform(1, 60), 2));
    }

    private Draft grows() {
        long tenths = between(1, 29);
        double r = (tenths < 10 ? tenths : tenths + 1) / 10.0; // never 1
        String disease = any(DISEASES);
        String question = any(
                "Each case of " + disease + " infects " + r + " others. Does the epidemic grow?",
                "R0 of " + disease + " is " + r + ". Does it spread?");
        return new Draft(question, call("grows", "R", r), Math.abs(r - 1) > 0.6, any("yes", "no"));
    }

    private Draft rates() {
        long beta = between(11, 98);
        long other = between(11, 97);
        long gamma = other < beta ? other : other + 1; // never equal
        String question = "Infection rate " + beta / 100.0 + " and recovery rate " + gamma / 100.0
                + " per day. Does the epidemic grow?";
        return new Draft(
                question,
                call("rates", "beta", beta / 100.0, "gamma", gamma / 100.0),
                Math.abs(beta - gamma) > 30,
                any("yes", "no"));
    }

    private Draft epidemic(String kind, String asked, String guess) {
        double r = between(15, 60) / 10.0;
        long latent = between(2, 9);
        long infectious = between(2, 14);
        String question =
                "An epidemic has R0 " + r + ", latent " + latent + " d and infectious " + infectious + " d. " + asked;
        return new Draft(question, call(kind, "R", r, "latent", latent, "infectious", infectious), false, guess);
    }

    private Draft pathway() {
        long a = between(10, 98);
        long other = between(10, 97);
        long b = other < a ? other : other + 1;
        String question = any(
                "Pathway A emits " + a + " GtC and B " + b + " GtC. Which is warmer?",
                "A emits " + a + " GtC, B emits " + b + " GtC. Which gives more warming?");
        return new Draft(question, call("compare", "a", a, "b", b), Math.abs(a - b) > 30, any("A", "B"));
    }

    private Draft warming() {
        double e = between(50, 150) / 10.0;
        double g = between(0, 40) / 10.0;
        long year = between(2035, 2100);
        String question = "Emissions of " + e + " GtC grow " + g + " percent a year. Warming in " + year + " in K?";
        return new Draft(question, call("warming", "e", e, "g", g, "year", year), false, decimal(uniform(1.2, 5), 2));
    }

    private static Map<String, Object> call(String kind, Object... namesAndValues) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("kind", kind);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            arguments.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return arguments;
    }

    /// A whole number, both ends included.
    long between(int least, int most) {
        return least + random.nextInt(most - least + 1);
    }

    double uniform(double least, double most) {
        return least + random.nextDouble() * (most - least);
    }

    String any(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    static String decimal(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
