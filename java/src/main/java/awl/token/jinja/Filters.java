package awl.token.jinja;

import java.util.HashMap;
import java.util.Map;

/// The filters behind `|`: every filter of the reference, in groups.
final class Filters {
    static final Map<String, Builtin> TABLE = new HashMap<>();

    private Filters() {}

    /// Defines one filter, possibly under several names.
    static void define(String names, String signature, Builtin.Body body) {
        for (String name : names.split(" ")) {
            TABLE.put(name, Builtin.of(name, signature, body));
        }
    }

    static {
        TextFilters.define();
        NumberFilters.define();
        SequenceFilters.define();
        SelectionFilters.define();
        HtmlFilters.define();
        define("default d", "value, default_value='', boolean=false", (_, a) -> {
            boolean absent = a[0] instanceof Undefined || (Values.truth(a[2]) && !Values.truth(a[0]));
            return absent ? a[1] : a[0];
        });
        define("tojson", "x, ensure_ascii=false, indent=none, separators=none, sort_keys=false", ToJson::filter);
        define("pprint", "value", (r, a) -> new PrettyPrint(r).format(a[0]));
        define("attr", "obj, name", (r, a) -> {
            Object found = Attributes.find(a[0], Values.string(a[1]));
            return found == Missing.MISSING ? Undefined.member(r, a[0], a[1]) : found;
        });
    }

    /// A filter named by a value, as `map` names it.
    static Object call(Render render, Object name, Object value, Arguments arguments) {
        return named(TABLE, "filter", name).call(render, arguments.after(value));
    }

    static Builtin named(Map<String, Builtin> table, String what, Object name) {
        Dict.hashable(name);
        Builtin function = Values.isString(name) ? table.get(Values.string(name)) : null;
        if (function == null) {
            String shown = Values.isString(name) ? "'" + Values.string(name) + "'" : Values.typeName(name);
            throw Fault.runtime("No " + what + " named " + shown + ".");
        }
        return function;
    }
}
