package awl.token.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The parameters of a builtin, written as in Python: `value, width=80`, with `/` after positional-only
/// parameters, `*` before keyword-only ones, `*name` and `**name` to catch the rest. A default of `?` leaves
/// [Missing#MISSING].
final class Signature {
    private record Parameter(
            String name, Object defaultValue, boolean required, boolean byPosition, boolean byKeyword) {}

    private final List<Parameter> parameters = new ArrayList<>();
    private boolean catchesPositional;
    private boolean catchesKeywords;

    static Signature parse(String text) {
        Signature signature = new Signature();
        boolean byPosition = true;
        for (String part : text.isBlank() ? new String[0] : text.split(",")) {
            String item = part.strip();
            if (item.equals("/")) {
                signature.parameters.replaceAll(
                        p -> new Parameter(p.name, p.defaultValue, p.required, p.byPosition, false));
            } else if (item.startsWith("**")) {
                signature.catchesKeywords = true;
            } else if (item.startsWith("*")) {
                signature.catchesPositional = item.length() > 1;
                byPosition = false;
            } else {
                int equals = item.indexOf('=');
                String name = equals < 0 ? item : item.substring(0, equals);
                Object value = equals < 0 ? Missing.MISSING : literal(item.substring(equals + 1));
                signature.parameters.add(new Parameter(name, value, equals < 0, byPosition, true));
            }
        }
        return signature;
    }

    private static Object literal(String text) {
        return switch (text) {
            case "?" -> Missing.MISSING;
            case "none" -> None.NONE;
            case "true" -> true;
            case "false" -> false;
            default -> {
                if (text.startsWith("'")) {
                    yield text.substring(1, text.length() - 1);
                }
                yield text.contains(".") ? (Object) Double.valueOf(text) : (Object) Long.valueOf(text);
            }
        };
    }

    /// One value a parameter in the order declared, then a [Tuple] and a map where the signature catches the
    /// rest.
    Object[] bind(String function, Arguments arguments) {
        Object[] bound = new Object[parameters.size() + (catchesPositional ? 1 : 0) + (catchesKeywords ? 1 : 0)];
        List<Object> positional = arguments.positional();
        Map<String, Object> keywords = new LinkedHashMap<>(arguments.keywords());
        int used = 0;
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            if (parameter.byPosition && used < positional.size()) {
                bound[i] = positional.get(used++);
                if (parameter.byKeyword && keywords.containsKey(parameter.name)) {
                    throw Fault.type(function + "() got multiple values for argument '" + parameter.name + "'");
                }
            } else if (parameter.byKeyword && keywords.containsKey(parameter.name)) {
                Object value = keywords.remove(parameter.name);
                bound[i] = value == null ? None.NONE : value;
            } else if (parameter.required) {
                throw Fault.type(function + "() missing required argument: '" + parameter.name + "'");
            } else {
                bound[i] = parameter.defaultValue;
            }
        }
        int next = parameters.size();
        if (catchesPositional) {
            bound[next++] = new Tuple(List.copyOf(positional.subList(used, positional.size())));
        } else if (used < positional.size()) {
            throw Fault.type(
                    function + "() takes at most " + used + " positional arguments (" + positional.size() + " given)");
        }
        if (catchesKeywords) {
            bound[next] = keywords;
        } else if (!keywords.isEmpty()) {
            throw Fault.type(function + "() got an unexpected keyword argument '"
                    + keywords.keySet().iterator().next() + "'");
        }
        return bound;
    }
}
