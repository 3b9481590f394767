package awl;

import org.bytedeco.javacpp.Pointer;

/// Counts native objects, for tests that nothing is left behind.
public final class NativeObjects {

    private NativeObjects() {}

    /// How many there are, without those that other tests left to the garbage collector. Compare with
    /// [Pointer#totalCount] and "not more": what is collected between the two is no leak.
    public static long settled() {
        System.gc();
        Pointer.deallocateReferences();
        return Pointer.totalCount();
    }
}
