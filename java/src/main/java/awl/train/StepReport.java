package awl.train;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One line of `metrics.jsonl`.
///
/// @param step counted from 1
/// @param loss weighted loss of the step, before its update
/// @param learningRate of its update
/// @param gradientNorm of all gradients together, before clipping
/// @param tokens ids of all rows of the step
/// @param learnedTokens predictions with a weight other than 0
/// @param seconds wall time of the step
/// @param peakMemory most resident memory of the process so far, bytes
/// @param peakDeviceMemory most bytes of tensors on the CUDA device during the step; null on the CPU
/// @param validationLoss where it was measured behind this step
/// @param parts what the objective reports beside the loss, each a field of its own; null = undefined

@JsonPropertyOrder({
    "step",
    "epoch",
    "loss",
    "learning_rate",
    "gradient_norm",
    "tokens",
    "learned_tokens",
    "validation_loss",
    "seconds",
    "tokens_per_second",
    "peak_memory",
    "peak_device_memory"
})
public record StepReport(
        long step,
        long epoch,
        double loss,
        @JsonProperty("learning_rate") double learningRate,
        @JsonProperty("gradient_norm") double gradientNorm,
        long tokens,
        @JsonProperty("learned_tokens") long learnedTokens,
        double seconds,
        @JsonProperty("peak_memory") long peakMemory,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("peak_device_memory") @Nullable
        Long peakDeviceMemory,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("validation_loss") @Nullable
        Double validationLoss,

        @JsonAnyGetter Map<String, @Nullable Double> parts) {

    /// Tokens of the step by its wall time.
    @JsonProperty("tokens_per_second")
    public double tokensPerSecond() {
        return seconds > 0 ? tokens / seconds : 0;
    }

    StepReport withValidation(double loss) {
        return new StepReport(
                step,
                epoch,
                this.loss,
                learningRate,
                gradientNorm,
                tokens,
                learnedTokens,
                seconds,
                peakMemory,
                peakDeviceMemory,
                loss,
                parts);
    }
}
