package awl;

import org.jspecify.annotations.Nullable;

/// Another process that this one depends on (a rank, a server, a tool) died, hung or answered nonsense.
public non-sealed class PeerException extends AwlException {

    private static final long serialVersionUID = 1L;

    public PeerException(String message) {
        this(message, null);
    }

    public PeerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitCode() {
        return 1;
    }
}
