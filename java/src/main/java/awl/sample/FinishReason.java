package awl.sample;

/// Why an answer ended.
public enum FinishReason {
    /// A stop token or a stop string was produced.
    STOP("stop"),
    /// The limit of new tokens, or of the model's context, was reached.
    LENGTH("length");

    private final String label;

    FinishReason(String label) {
        this.label = label;
    }

    /// The word used in files, as in OpenAI's interface.
    public String label() {
        return label;
    }
}
