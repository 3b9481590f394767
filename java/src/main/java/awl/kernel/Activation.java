package awl.kernel;

/// What the gate of a feed-forward layer goes through; in the order of `awl_activation` in kernels.h.
public enum Activation {
    SILU,
    /// GELU in its tanh form, as Gemma has it.
    TANH_GELU
}
