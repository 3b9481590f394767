package awl.data;

import com.fasterxml.jackson.annotation.JsonProperty;

/// How the tokens of a step become one number. Each is normalised over the whole optimiser step: all its
/// micro-batches together, never by the weights of one of them.
public enum Reduction {
    /// `sum(w nll) / sum(w)` over all tokens of the step: long rows count more.
    @JsonProperty("token_mean")
    TOKEN_MEAN,
    /// Mean over rows of `sum(w nll) / sum(w)` inside the row: every row counts the same.
    @JsonProperty("example_mean")
    EXAMPLE_MEAN,
    /// Mean over rows of `sum(w nll)`: the paper's formula.
    @JsonProperty("sequence_sum")
    SEQUENCE_SUM;

    /// The name used in configuration files: `token_mean` and so on.
    public String key() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
