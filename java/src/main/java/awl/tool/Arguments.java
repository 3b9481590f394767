package awl.tool;

import awl.Json;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Arguments of a call: read by type, and as one text that is equal for equal calls.
public final class Arguments {

    private Arguments() {}

    /// The same text for arguments that mean the same: keys sorted, `22`, `22.0` and `2.2e1` alike.
    public static String canonical(@Nullable Object value) {
        return Json.write(plain(value));
    }

    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                TreeMap<String, @Nullable Object> sorted = new TreeMap<>();
                map.forEach((key, inner) -> sorted.put(String.valueOf(key), plain(inner)));
                yield sorted;
            }
            case List<?> list -> {
                List<@Nullable Object> plain = new ArrayList<>();
                list.forEach(each -> plain.add(plain(each)));
                yield plain;
            }
            case Double number when !Double.isFinite(number) -> number.toString();
            case Number number -> {
                BigDecimal exact = new BigDecimal(number.toString());
                yield exact.signum() == 0
                        ? "0"
                        : exact.stripTrailingZeros()
                                .round(new java.math.MathContext(17))
                                .toString();
            }
            case String text -> "s" + text; // the text "22" is not the number 22
            case null, default -> value;
        };
    }

    /// A number, or `otherwise` where it is absent.
    public static double number(Map<String, @Nullable Object> arguments, String name, double otherwise) {
        return arguments.get(name) instanceof Number number ? number.doubleValue() : otherwise;
    }

    /// A text, or `otherwise` where it is absent.
    public static String text(Map<String, @Nullable Object> arguments, String name, String otherwise) {
        return arguments.get(name) instanceof String text ? text : otherwise;
    }
}
