package awl.task.kind;

import awl.chat.ToolCall;
import awl.task.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// One kind of question: what is drawn, how it is worded, what the answer is and how it is found.
///
/// The answer is a number with a unit, or the index of one of a few fixed options. It is found by [#gold]
/// and again by [#check], a different method; [#calls] lead to it with tools, [#solution] without.
public final class Kind {

    /// What a scripted trace makes of the tools' numbers.
    public interface Combine {
        double of(double[] observed, Values values);
    }

    final String name;
    final Level level;
    final String unit;
    final List<String> options;
    final List<String> wordings = new ArrayList<>();
    final List<Step> steps = new ArrayList<>();
    final Map<String, ToDoubleFunction<Values>> lets = new LinkedHashMap<>();
    Consumer<Draw> draws = draw -> {};
    ToDoubleFunction<Values> gold = values -> Double.NaN;
    ToDoubleFunction<Values> check = values -> Double.NaN;
    Combine combine = (observed, values) -> observed[0];
    double agreement = 2e-3;
    double tolerance = awl.task.Gold.TOLERANCE;
    double least = Double.NEGATIVE_INFINITY;
    double most = Double.POSITIVE_INFINITY;
    double smallest;
    String solution = "";
    String conclusion = "";

    /// One scripted call.
    ///
    /// @param arguments `name` copies a parameter, `name=other` copies the parameter `other`, `name:text`
    ///     is a word, `name:5` a number
    public record Step(String tool, List<String> arguments) {

        ToolCall.Parsed call(Values values) {
            Map<String, @Nullable Object> given = new LinkedHashMap<>();
            for (String each : arguments) {
                int colon = each.indexOf(':');
                int equals = each.indexOf('=');
                if (colon > 0) {
                    given.put(each.substring(0, colon), word(values.fill(each.substring(colon + 1))));
                } else {
                    String to = equals > 0 ? each.substring(0, equals) : each;
                    String from = equals > 0 ? each.substring(equals + 1) : each;
                    given.put(to, values.map().get(from));
                }
            }
            return new ToolCall.Parsed(tool, given);
        }

        private static Object word(String text) {
            return text.matches("-?\\d{1,9}") ? (Object) Long.valueOf(text) : text;
        }
    }

    /// A scripted call, as in [#calls].
    public static Step step(String tool, String... arguments) {
        return new Step(tool, List.of(arguments));
    }

    private Kind(String name, Level level, String unit, List<String> options) {
        this.name = name;
        this.level = level;
        this.unit = unit;
        this.options = List.copyOf(options);
    }

    /// A kind whose answer is a number.
    public static Kind number(String name, Level level, String unit) {
        return new Kind(name, level, unit, List.of());
    }

    /// A kind whose answer is one of a few fixed options; gold, check and combine give its index.
    public static Kind choice(String name, Level level, String... options) {
        return new Kind(name, level, "", List.of(options));
    }

    public Kind draws(Consumer<Draw> how) {
        draws = how;
        return this;
    }

    /// Ways to ask; each names every parameter, so that the text determines the answer.
    public Kind asks(String... texts) {
        wordings.addAll(List.of(texts));
        return this;
    }

    public Kind gold(ToDoubleFunction<Values> method) {
        gold = method;
        return this;
    }

    /// The second method.
    public Kind check(ToDoubleFunction<Values> method) {
        check = method;
        return this;
    }

    /// How closely the two methods and the tool agree, relative.
    public Kind agreement(double relative) {
        agreement = relative;
        return this;
    }

    /// Relative error that counts as right.
    public Kind tolerance(double relative) {
        tolerance = relative;
        return this;
    }

    /// What physics allows. A draw outside is drawn again; a file with one is in error.
    public Kind within(double lowest, double highest) {
        least = lowest;
        most = highest;
        return this;
    }

    /// Draws with a smaller answer are drawn again: a relative tolerance says nothing about numbers near
    /// zero.
    public Kind atLeast(double size) {
        smallest = size;
        return this;
    }

    public Kind calls(String tool, String... arguments) {
        steps.add(new Step(tool, List.of(arguments)));
        return this;
    }

    public Kind combines(Combine how, String words) {
        combine = how;
        conclusion = words;
        return this;
    }

    /// A value that the solution names.
    public Kind let(String value, ToDoubleFunction<Values> method) {
        lets.put(value, method);
        return this;
    }

    /// Derivation without tools; `{answer}` is the answer with its unit.
    public Kind solution(String text) {
        solution = text;
        return this;
    }

    public String name() {
        return name;
    }
}
