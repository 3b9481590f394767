package awl;

import org.jspecify.annotations.Nullable;

/// A native library is missing, refuses its arguments, or failed.
public non-sealed class NativeException extends AwlException {

    private static final long serialVersionUID = 1L;

    public NativeException(String message) {
        this(message, null);
    }

    public NativeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitCode() {
        return 1;
    }
}
