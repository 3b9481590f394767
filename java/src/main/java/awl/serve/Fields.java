package awl.serve;

import awl.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The fields of a request's JSON. Each is asked for by its type and bounds; one that nobody asked for is refused by
/// [#refuseOthers], so that nothing a client wanted is silently left undone. Null counts as absent.
final class Fields {

    private final Map<String, @Nullable Object> json;
    private final Set<String> asked = new HashSet<>();

    Fields(Map<String, @Nullable Object> json) {
        this.json = json;
    }

    /// The value as it is.
    @Nullable
    Object value(String name) {
        asked.add(name);
        return json.get(name);
    }

    boolean flag(String name) {
        return switch (value(name)) {
            case null -> false;
            case Boolean flag -> flag;
            case Object other -> throw wrong(name, "true or false", other);
        };
    }

    @Nullable
    String text(String name) {
        return switch (value(name)) {
            case null -> null;
            case String text -> text;
            case Object other -> throw wrong(name, "a string", other);
        };
    }

    String needText(String name) {
        String text = text(name);
        if (text == null || text.isBlank()) {
            throw ApiError.field(name, "expected a string, found " + (text == null ? "nothing" : "an empty one"));
        }
        return text;
    }

    @Nullable
    Long whole(String name, long least, long most) {
        return switch (value(name)) {
            case null -> null;
            case Long number when number >= least && number <= most -> number;
            case Object other -> throw wrong(name, "a whole number from " + least + " to " + most, other);
        };
    }

    int whole(String name, long least, long most, int otherwise) {
        Long value = whole(name, least, most);
        return value == null ? otherwise : Math.toIntExact(value);
    }

    double number(String name, double least, double most, double otherwise) {
        Object value = value(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number && number.doubleValue() >= least && number.doubleValue() <= most) {
            return number.doubleValue();
        }
        throw wrong(name, "a number from " + plain(least) + " to " + plain(most), value);
    }

    private static String plain(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? Long.toString((long) number)
                : Double.toString(number);
    }

    /// A string or an array of strings; empty where absent.
    List<String> texts(String name, int most) {
        Object value = value(name);
        if (value == null) {
            return List.of();
        }
        List<String> texts = new ArrayList<>();
        for (Object each : value instanceof List<?> list ? list : List.of(value)) {
            if (!(each instanceof String text) || text.isEmpty()) {
                throw wrong(name, "a string that is not empty, or an array of such", each);
            }
            texts.add(text);
        }
        if (texts.size() > most) {
            throw ApiError.field(name, "expected at most " + most + ", found " + texts.size());
        }
        return texts;
    }

    /// An array of token ids.
    ///
    /// @param vocabulary ids are smaller
    List<Integer> ids(String name, int vocabulary) {
        Object value = value(name);
        if (value == null) {
            return List.of();
        }
        List<Integer> ids = new ArrayList<>();
        for (Object each : value instanceof List<?> list ? list : List.of(value)) {
            ids.add(id(name, each, vocabulary));
        }
        return ids;
    }

    static int id(String name, @Nullable Object value, int vocabulary) {
        if (value instanceof Long id && id >= 0 && id < vocabulary) {
            return id.intValue();
        }
        throw wrong(name, "token ids from 0 to " + (vocabulary - 1), value);
    }

    /// A field that may be there as long as it changes nothing.
    ///
    /// @param neutral values that change nothing
    void only(String name, String why, Object... neutral) {
        Object value = value(name);
        if (value == null
                || List.of(neutral).contains(value)
                || isZero(value) && List.of(neutral).contains(0L)) {
            return;
        }
        throw ApiError.unsupported(name, why + " (found " + Json.kind(value) + ")");
    }

    private static boolean isZero(Object value) {
        return value instanceof Number number && number.doubleValue() == 0;
    }

    /// Fields that say nothing about the answer.
    void ignore(String... names) {
        asked.addAll(List.of(names));
    }

    /// @throws ApiError naming a field that nobody asked for
    void refuseOthers() {
        json.forEach((name, value) -> {
            if (!asked.contains(name) && value != null) {
                throw ApiError.unsupported(
                        name.length() > 80 ? name.substring(0, 80) : name, "this server does not know this field");
            }
        });
    }

    static ApiError wrong(String name, String expected, @Nullable Object found) {
        return ApiError.field(name, "expected " + expected + ", found " + Json.kind(found));
    }
}
