package awl.token.jinja;

/// A compiled template or block, ready to run in a context.
record Program(Scope.Function function, Scope.Border border, Exec body) {
    Exec.Signal run(Render render, Context context, StringBuilder out) {
        Activation activation = new Activation(render, context, function.size());
        border.enter(activation);
        return body.run(activation, out);
    }
}
