package awl.token.jinja;

/// A function of the engine itself: a filter, a test, a global, or an unbound method whose first argument is
/// the receiver.
record Builtin(String name, Signature signature, Body body) implements Callable {
    /// The work, on arguments already sorted into the signature's order.
    @FunctionalInterface
    interface Body {
        Object apply(Render render, Object[] arguments);
    }

    static Builtin of(String name, String signature, Body body) {
        return new Builtin(name, Signature.parse(signature), body);
    }

    @Override
    public Object call(Render render, Arguments arguments) {
        render.step();
        Object[] bound = signature.bind(name, arguments);
        for (Object argument : bound) {
            // reading a long text takes time even where nothing new comes of it
            if (argument instanceof String text) {
                render.scan(text);
            }
        }
        return body.apply(render, bound);
    }

    /// The method as a value of its own: `'x'.upper` without the call.
    Callable bind(Object receiver) {
        return new Bound(receiver, this);
    }

    private record Bound(Object receiver, Builtin method) implements Callable {
        @Override
        public Object call(Render render, Arguments arguments) {
            return method.call(render, arguments.after(receiver));
        }

        @Override
        public String name() {
            return method.name;
        }
    }
}
