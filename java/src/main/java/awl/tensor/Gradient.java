package awl.tensor;

import org.bytedeco.pytorch.Tensor;

/// The gradient of a [Value] on its way down a [Tape].
///
/// A residual sum sends one buffer both ways without a copy, so holders are counted: the buffer may be written only
/// where one is left.
public final class Gradient {

    private final Tensor tensor;
    private int holders = 1;

    Gradient(Tensor tensor) {
        this.tensor = tensor;
    }

    public Tensor tensor() {
        return tensor;
    }

    /// Whether its reader may overwrite it and hand it on with [Value#share].
    public boolean writable() {
        return holders == 1;
    }

    void retain() {
        holders++;
    }

    /// Whether that was the last holder, so that the memory can go.
    boolean release() {
        return --holders == 0;
    }
}
