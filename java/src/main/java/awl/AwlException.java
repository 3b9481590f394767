package awl;

import org.jspecify.annotations.Nullable;

/// Root of every error AWL raises on purpose.
///
/// The subtypes say whose mistake it is: [ConfigException], [DataException], [ShapeException] and
/// [CheckpointException] are raised for something the user handed in (exit code 2), [NativeException],
/// [PeerException] and [DivergedException] for something that failed underneath or beside us (exit code 1). A
/// message names the file, line and field where it can, what was expected, what was found and what to do; it is
/// shown without a stack trace.
public abstract sealed class AwlException extends RuntimeException
        permits ConfigException,
                DataException,
                ShapeException,
                NativeException,
                CheckpointException,
                PeerException,
                DivergedException {

    private static final long serialVersionUID = 1L;

    AwlException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /// Process exit code of a command that ends with this error: 2 for the user's mistakes, 1 for ours.
    public abstract int exitCode();
}
