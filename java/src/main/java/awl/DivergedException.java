package awl;

import org.jspecify.annotations.Nullable;

/// A loss, gradient or weight became NaN or infinite while training. The run stops before it is used; the last
/// good checkpoint stays. Exit code 1: nothing the user wrote is malformed, though a lower learning rate or
/// other data may well be the remedy.
public non-sealed class DivergedException extends AwlException {

    private static final long serialVersionUID = 1L;

    public DivergedException(String message) {
        this(message, null);
    }

    public DivergedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitCode() {
        return 1;
    }
}
