package awl.remote;

/// A conversation that is too long for the server's model: the model's business, not an error of the run.
public final class RemoteContextException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RemoteContextException(String message) {
        super(message);
    }
}
