package awl.pipeline;

/// A stage was asked to stop by a signal; what it has is on disk.
final class StageStopped extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int exitCode;

    StageStopped(int exitCode) {
        super("stopped");
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
