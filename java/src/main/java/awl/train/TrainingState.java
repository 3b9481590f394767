package awl.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/// Where a run stands, beside its tensors.
///
/// The learning rate, the position in the data and the random numbers of dropout are pure functions of the step
/// and the seed, so the step is all they need; position and stream are written down for the reader.
///
/// @param step last step that is done
/// @param epoch counted from 0
/// @param position rows of the epoch read so far
/// @param seed of the run
/// @param dropoutStream where the random numbers of the next step start
/// @param learningRate of the last step
/// @param dataFingerprint of all training rows; resuming on other data is refused
/// @param validationLoss at this step, if it was measured
/// @param bestStep step of the lowest validation loss so far
/// @param bestLoss that loss
@JsonInclude(JsonInclude.Include.NON_NULL)
record TrainingState(
        long step,
        long epoch,
        long position,
        long seed,
        @JsonProperty("dropout_stream") long dropoutStream,
        @JsonProperty("learning_rate") double learningRate,
        @JsonProperty("data_fingerprint") String dataFingerprint,
        @JsonProperty("validation_loss") @Nullable Double validationLoss,
        @JsonProperty("best_step") @Nullable Long bestStep,
        @JsonProperty("best_loss") @Nullable Double bestLoss) {}
