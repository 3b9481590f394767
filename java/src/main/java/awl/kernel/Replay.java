package awl.kernel;

/// Kernel calls that were recorded once ([Kernels#record]) and are made again on the same memory, with whatever it
/// holds by then. What a step of decoding costs besides its kernels (views of tensors, checks, new tensors) is then
/// paid once.
///
/// It keeps all tensors that its calls touch.
public interface Replay extends AutoCloseable {

    /// Makes the calls again, in their order, on the calling thread.
    ///
    /// @throws awl.NativeException as the calls themselves
    void run();

    @Override
    void close();
}
