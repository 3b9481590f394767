package awl.token.jinja;

import java.util.Arrays;

/// The variables of one run of a function: the template's root, a macro's body, a recursive loop. Inner
/// functions see the variables of outer ones as they are now, not as they were when the inner one was
/// defined.
final class Activation {
    final Render render;
    final Context context;
    final Object[] slots;
    private final Activation outer;

    /// The outermost run of a template or block.
    Activation(Render render, Context context, int size) {
        this.render = render;
        this.context = context;
        this.slots = new Object[size];
        this.outer = this;
        Arrays.fill(slots, Missing.MISSING);
    }

    private Activation(Activation outer, int size) {
        this.render = outer.render;
        this.context = outer.context;
        this.slots = new Object[size];
        this.outer = outer;
        Arrays.fill(slots, Missing.MISSING);
    }

    Activation inner(int size) {
        return new Activation(this, size);
    }

    Activation out(int hops) {
        Activation found = this;
        for (int i = 0; i < hops; i++) {
            found = found.outer;
        }
        return found;
    }
}
