package awl;

import org.jspecify.annotations.Nullable;

/// A tensor has another shape, dtype or device than its reader needs: *hidden: expected (N=512, D=576) got (512, 64)*.
public non-sealed class ShapeException extends AwlException {

    private static final long serialVersionUID = 1L;

    public ShapeException(String message) {
        this(message, null);
    }

    public ShapeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitCode() {
        return 2;
    }
}
