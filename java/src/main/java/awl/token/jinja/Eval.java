package awl.token.jinja;

/// A compiled expression.
@FunctionalInterface
interface Eval {
    Object eval(Activation activation);
}
