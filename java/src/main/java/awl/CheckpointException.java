package awl;

import org.jspecify.annotations.Nullable;

/// A model, adapter or training checkpoint cannot be read: damaged, incomplete, or of an unknown kind.
public non-sealed class CheckpointException extends AwlException {

    private static final long serialVersionUID = 1L;

    public CheckpointException(String message) {
        this(message, null);
    }

    public CheckpointException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitCode() {
        return 2;
    }
}
