package awl.token.jinja;

/// `namespace(...)`: the one value a template can change, to carry something out of a loop.
final class Namespace {
    private final Dict attributes = new Dict();

    Namespace(Dict initial) {
        for (Dict.Entry entry : initial.entries()) {
            set(entry.key(), entry.value());
        }
    }

    Object get(String name) {
        return attributes.get(name);
    }

    void set(Object name, Object value) {
        if (Values.isString(name) && Values.string(name).startsWith("_")) {
            throw new Fault(
                    Fault.Sort.SECURITY,
                    "Chat templates cannot store underscore-prefixed attributes on a namespace, but got '"
                            + Values.string(name) + "'. Please rename the attribute.");
        }
        attributes.put(name, value);
    }

    Dict asDict() {
        return attributes;
    }
}
