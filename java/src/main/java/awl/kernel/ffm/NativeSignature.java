package awl.kernel.ffm;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// The C function behind a record component of type [java.lang.invoke.MethodHandle].
///
/// Argument types are `int.class`, `long.class`, `double.class` and `MemorySegment.class` for every pointer.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface NativeSignature {

    /// Name of the symbol.
    String name();

    Class<?> returns();

    Class<?>[] arguments();
}
