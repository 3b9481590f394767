package awl.task;

import awl.DataException;
import awl.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads one question, ours or in the layouts of public sets: `question`/`options`/`answer`,
/// `Question`/`Options`/`Correct` (climate, epidemiology), `question`/`options`/`correct` (mujoco, pde),
/// `problem`/`answer` (MATH), `problem_text`/`answer_number`/`unit` (SciBench). What kind of answer it is
/// follows from `answer_type`, else from the answer itself.
final class ProblemRow {

    private static final String[] QUESTION = {"question", "Question", "problem", "problem_text"};
    private static final String[] OPTIONS = {"options", "Options", "choices"};
    private static final String[] ANSWER = {"answer", "Answer", "correct", "Correct", "answer_number", "solution_answer"
    };
    private static final double EXACT = 1e-4;

    private final Map<String, @Nullable Object> row;
    private final String where;

    private ProblemRow(Map<String, @Nullable Object> row, String where) {
        this.row = row;
        this.where = where;
    }

    /// @param where file and line, what errors begin with
    /// @param set name where the row has none
    /// @param number makes an id where the row has none
    static Problem read(Map<String, @Nullable Object> row, String where, String set, long number) {
        return new ProblemRow(row, where).problem(set, number);
    }

    private Problem problem(String otherSet, long number) {
        String questionKey = key(QUESTION, "question");
        String question = text(questionKey);
        if (question.isBlank()) {
            throw wrong(questionKey, "is empty");
        }
        List<String> options = options();
        Gold gold = gold(options);
        String set = row.get("set") instanceof String name ? name : otherSet;
        Object id = row.containsKey("id") ? row.get("id") : row.get("problemid");
        Object kind = row.containsKey("kind") ? row.get("kind") : row.getOrDefault("type", row.get("source"));
        return new Problem(
                id == null ? set + "-" + number : String.valueOf(id).strip(),
                set,
                kind == null ? set : String.valueOf(kind).strip(),
                row.get("seed") instanceof Number seed ? seed.longValue() : 0,
                level(),
                question.strip(),
                options,
                gold,
                row.containsKey("parameters") ? Json.asObject(row.get("parameters"), where + ": parameters") : Map.of(),
                ProblemJson.trace(row.get("trace"), where),
                optional("conclusion"),
                optional("solution"));
    }

    private String key(String[] names, String wanted) {
        for (String each : names) {
            if (row.containsKey(each)) {
                return each;
            }
        }
        throw wrong(wanted, "is missing; the row has " + String.join(", ", row.keySet()));
    }

    private String text(String key) {
        if (row.get(key) instanceof String text) {
            return text;
        }
        throw wrong(key, "expected a string, found " + Json.kind(row.get(key)));
    }

    private String optional(String key) {
        return row.get(key) instanceof String text ? text : "";
    }

    private @Nullable Level level() {
        if (!(row.get("level") instanceof String level)) {
            return null;
        }
        return switch (level) {
            case "easy" -> Level.EASY;
            case "hard" -> Level.HARD;
            default -> null; // MATH has levels of its own
        };
    }

    private List<String> options() {
        for (String each : OPTIONS) {
            Object value = row.get(each);
            if (value instanceof Map<?, ?> map) {
                return map.values().stream().map(ProblemRow::option).toList();
            }
            if (value instanceof List<?> list) {
                return list.stream().map(ProblemRow::option).toList();
            }
            if (value instanceof String text) {
                return text.lines()
                        .map(ProblemRow::option)
                        .filter(line -> !line.isEmpty())
                        .toList();
            }
            if (value != null) {
                throw wrong(each, "expected an array or an object, found " + Json.kind(value));
            }
        }
        return List.of();
    }

    /// Without the letter that some sets write into it.
    private static String option(@Nullable Object value) {
        return String.valueOf(value).strip().replaceFirst("^\\(?[A-Z][).:]\\s+", "");
    }

    private Gold gold(List<String> options) {
        String key = key(ANSWER, "answer");
        Object answer = row.get(key);
        if (answer == null || answer instanceof String text && text.isBlank()) {
            throw wrong(key, "a question needs an answer, found " + Json.kind(answer));
        }
        if ("open".equals(row.get("answer_type"))) {
            boolean lower = !Boolean.FALSE.equals(row.get("lower_is_better"));
            return new Gold.Open(optional("metric"), lower, number(key, answer));
        }
        if (!options.isEmpty()) {
            return choice(key, answer, options);
        }
        String type = row.get("answer_type") instanceof String given ? given : type(answer);
        String unit = optional("unit").strip();
        return switch (type) {
            case "number" ->
                new Gold.Quantity(
                        number(key, answer),
                        unit,
                        row.get("tolerance") instanceof Number tolerance ? tolerance(tolerance) : tolerance(answer));
            case "expression" -> new Gold.Expression(String.valueOf(answer).strip());
            case "words" -> new Gold.Words(String.valueOf(answer).strip());
            case "choice" -> throw wrong("options", "a multiple-choice question needs options");
            default ->
                throw wrong("answer_type", "expected choice, number, expression, words or open, found '" + type + "'");
        };
    }

    /// Whole numbers are exact, others within the tolerance of the paper.
    private static double tolerance(Object answer) {
        return String.valueOf(answer).strip().matches("-?\\d{1,6}") ? EXACT : Gold.TOLERANCE;
    }

    private double tolerance(Number tolerance) {
        double value = tolerance.doubleValue();
        if (!(value >= 0 && value < 1)) {
            throw wrong("tolerance", "expected a number in [0, 1), found " + tolerance);
        }
        return value;
    }

    private static String type(Object answer) {
        if (answer instanceof Number) {
            return "number";
        }
        String text = String.valueOf(answer).strip();
        if (text.matches("[-+]?[0-9.,]*\\d[0-9.,]*(?:[eE][-+]?\\d+)?|NaN|-?Infinity|nan|-?inf")) {
            return "number";
        }
        return text.matches("(?s).*[\\\\^_={}0-9].*") || text.length() < 3 ? "expression" : "words";
    }

    private double number(String key, Object answer) {
        double value;
        try {
            value = answer instanceof Number number
                    ? number.doubleValue()
                    : Double.parseDouble(String.valueOf(answer).strip().replace(",", ""));
        } catch (NumberFormatException e) {
            value = Double.NaN;
        }
        if (!Double.isFinite(value)) {
            throw wrong(key, "expected a finite number, found " + Json.kind(answer));
        }
        return value;
    }

    private Gold choice(String key, Object answer, List<String> options) {
        if (options.size() < 2 || options.size() > 26) {
            throw wrong("options", "expected 2 to 26 options, found " + options.size());
        }
        List<String> seen = new ArrayList<>();
        for (String option : options) {
            if (option.isBlank() || seen.contains(option)) {
                throw wrong("options", option.isBlank() ? "one is empty" : "'" + option + "' stands twice");
            }
            seen.add(option);
        }
        String text = String.valueOf(answer).strip();
        char last = (char) ('A' + options.size() - 1);
        String letter = text.replaceFirst("^\\(?([A-Za-z])(?:[).:].*)?$", "$1").toUpperCase(Locale.ROOT);
        if (letter.length() == 1 && letter.charAt(0) >= 'A' && letter.charAt(0) <= last) {
            return new Gold.Choice(letter.charAt(0));
        }
        int index = options.indexOf(text);
        if (index >= 0) {
            return new Gold.Choice((char) ('A' + index));
        }
        throw wrong(
                key,
                "expected a letter from A to %s or one of the options, found %s".formatted(last, Json.kind(answer)));
    }

    private DataException wrong(String field, String message) {
        return new DataException(where + ": " + field + ": " + message);
    }
}
