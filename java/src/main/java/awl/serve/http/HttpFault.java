package awl.serve.http;

/// A request that cannot be answered as asked.
public final class HttpFault extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;

    /// @param status of the answer, 400 to 599
    public HttpFault(int status, String message) {
        super(message);
        this.status = status;
    }

    /// Status of the answer.
    public int status() {
        return status;
    }

    /// What is wrong.
    public String reason() {
        String message = getMessage();
        return message == null ? "" : message;
    }
}
