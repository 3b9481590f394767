package awl.tensor;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/// A block of code at whose end the native memory made in it is freed.
///
/// Three levels are enough: *run* (parameters, moments), *step*, *micro-batch*; an operation that makes large
/// temporaries opens one more around itself. Every tensor made while a scope is open belongs to the innermost scope
/// of the calling thread; [#keep] hands one to the scope outside. The garbage collector is never relied on: it does
/// not know how large a tensor is.
///
/// ```java
/// try (TensorScope micro = TensorScope.open()) { ... return micro.keep(loss); }
/// ```
public final class TensorScope implements AutoCloseable {

    private final @Nullable PointerScope outer;
    private final PointerScope own;

    private TensorScope() {
        this.outer = PointerScope.getInnerScope();
        this.own = new PointerScope();
    }

    /// Opens a scope on this thread; close it on the same thread, innermost first.
    public static TensorScope open() {
        return new TensorScope();
    }

    /// Makes `pointer` outlive this scope: it then belongs to the scope outside, or, where there is none, to the
    /// caller who has to close it.
    public <P extends Pointer> P keep(P pointer) {
        // A bare PointerScope.detach would free it: the scope holds the only reference.
        if (outer == null) {
            pointer.retainReference();
        } else {
            outer.attach(pointer);
        }
        return pointer;
    }

    /// Makes something made in a scope further inside belong to this one.
    public <P extends Pointer> P adopt(P pointer) {
        own.attach(pointer);
        return pointer;
    }

    /// Frees everything made since [#open] that was not kept.
    @Override
    public void close() {
        own.close();
    }
}
