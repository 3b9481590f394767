package awl.token.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A macro, or the body of a call block, bound to the scope it was defined in.
final class Macro implements Callable {
    /// What the compiler found out about a macro.
    ///
    /// @param names its parameters
    /// @param takesCaller whether the body asks for `caller` beyond the parameters
    /// @param takesKeywords whether the body asks for `kwargs`
    /// @param takesPositional whether the body asks for `varargs`
    record Shape(
            String name,
            boolean anonymous,
            List<String> names,
            boolean takesCaller,
            boolean takesKeywords,
            boolean takesPositional) {}

    /// Runs the body on its arguments: the parameters in order ([Missing#MISSING] for absent ones), then
    /// caller, keywords and further positional arguments where the shape takes them.
    @FunctionalInterface
    interface Body {
        String run(Render render, List<Object> arguments);
    }

    private final Shape shape;
    private final Body body;

    Macro(Shape shape, Body body) {
        this.shape = shape;
        this.body = body;
    }

    @Override
    public Object call(Render render, Arguments given) {
        boolean autoescape = render.autoescape;
        int count = shape.names.size();
        List<Object> positional = given.positional();
        Map<String, Object> keywords = new LinkedHashMap<>(given.keywords());
        List<Object> arguments = new ArrayList<>(positional.subList(0, Math.min(count, positional.size())));
        boolean foundCaller = arguments.size() == count && shape.names.contains("caller");
        for (String name : shape.names.subList(arguments.size(), count)) {
            foundCaller |= name.equals("caller");
            Object value = keywords.remove(name);
            arguments.add(value == null ? Missing.MISSING : value);
        }
        if (shape.takesCaller && !foundCaller) {
            Object caller = keywords.remove("caller");
            arguments.add(caller == null || caller == None.NONE ? Undefined.because("No caller defined") : caller);
        }
        if (shape.takesKeywords) {
            Dict all = new Dict();
            keywords.forEach(all::put);
            arguments.add(all);
        } else if (keywords.containsKey("caller")) {
            throw Fault.type("macro '" + shape.name + "' was invoked with two values for the special caller argument."
                    + " This is most likely a bug.");
        } else if (!keywords.isEmpty()) {
            throw Fault.type("macro '" + shape.name + "' takes no keyword argument '"
                    + keywords.keySet().iterator().next() + "'");
        }
        if (shape.takesPositional) {
            arguments.add(
                    new Tuple(List.copyOf(positional.subList(Math.min(count, positional.size()), positional.size()))));
        } else if (positional.size() > count) {
            throw Fault.type("macro '" + shape.name + "' takes not more than " + count + " argument(s)");
        }
        render.step();
        render.enter();
        String text = body.run(render, arguments);
        render.leave();
        return autoescape ? new Markup(text) : text;
    }

    /// An attribute of the macro itself, or [Missing#MISSING].
    Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> shape.anonymous ? None.NONE : shape.name;
            case "arguments" -> new Tuple(List.copyOf(shape.names));
            case "catch_kwargs" -> shape.takesKeywords;
            case "catch_varargs" -> shape.takesPositional;
            case "caller" -> shape.takesCaller;
            case "explicit_caller" -> shape.names.contains("caller");
            default -> Missing.MISSING;
        };
    }

    @Override
    public String name() {
        return shape.name;
    }

    String repr() {
        return shape.anonymous ? "<Macro anonymous>" : "<Macro '" + shape.name + "'>";
    }
}
