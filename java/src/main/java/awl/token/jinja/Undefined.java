package awl.token.jinja;

/// A value that is not there. It prints as nothing, is false, empty and equal only to its like; any other use
/// raises the message kept here, which names what was missing.
final class Undefined {
    private final String message;
    private final Fault.Sort sort;

    private Undefined(String message, Fault.Sort sort) {
        this.message = message;
        this.sort = sort;
    }

    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined", Fault.Sort.UNDEFINED);
    }

    static Undefined because(String hint) {
        return new Undefined(hint, Fault.Sort.UNDEFINED);
    }

    static Undefined member(Render render, Object owner, Object key) {
        String type = owner == None.NONE ? "None" : Values.typeName(owner) + " object";
        String what = key instanceof String name
                ? "'" + type + "' has no attribute '" + name + "'"
                : type + " has no element " + Repr.repr(render, key);
        return new Undefined(what, Fault.Sort.UNDEFINED);
    }

    /// What the sandbox gives instead of a forbidden attribute: silent when printed, an error when used.
    static Undefined unsafe(Object owner, String attribute) {
        return new Undefined(
                "access to attribute '" + attribute + "' of '" + Values.typeName(owner) + "' object is unsafe.",
                Fault.Sort.SECURITY);
    }

    Fault fault() {
        return new Fault(sort, message);
    }
}
