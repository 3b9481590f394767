package awl.train;

import awl.data.Reduction;
import awl.track.TrackConfig;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What a training run is asked to do: the YAML file of `awl train`, key for key, with the defaults of
/// `awl/runs/train-defaults.yaml` filled in. [ConfigFile] reads and checks it.
///
/// Paths are taken as they are, relative ones from the current folder.
///
/// @param lora absent = all parameters are trained, unless `model.adapter` names an adapter to go on with
/// @param tracking where numbers go beside the run folder; absent = nowhere
/// @param output the run folder
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrainConfig(
        Model model,
        @Nullable Lora lora,
        Data data,
        ObjectiveConfig objective,
        Train train,
        Optimizer optimizer,
        Schedule schedule,
        Checkpoint checkpoint,
        @Nullable TrackConfig tracking,
        String output) {

    /// The same with another precision.
    TrainConfig withPrecision(String precision) {
        Model other = new Model(model.path(), precision, model.device(), model.adapter());
        return new TrainConfig(other, lora, data, objective, train, optimizer, schedule, checkpoint, tracking, output);
    }

    /// @param path Hugging Face folder or GGUF file
    /// @param precision `fp32`, `bf16`, or `auto` = the faster of the two here
    /// @param device `auto`, `cpu`, `cuda` or `cuda:N`
    /// @param adapter PEFT folder to be trained further
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Model(
            String path,
            String precision,
            String device,
            @Nullable String adapter) {}

    /// @param rank of the update
    /// @param alpha the update counts alpha / rank; default twice the rank
    /// @param targets names of linear layers, or `all-linear`
    /// @param dropout on the input of the update
    /// @param rslora scale by alpha / sqrt(rank) instead
    public record Lora(int rank, double alpha, List<String> targets, double dropout, boolean rslora) {}

    /// @param train JSONL file
    /// @param validation JSONL file, evaluated at the start, at checkpoints and at the end
    /// @param packing fill micro-batches with `max_length * micro_batch_size` tokens
    /// @param maxLength most tokens of a row; default the longest row
    /// @param reduction how tokens become one loss; preference pairs are always sums or means over a branch
    /// @param shuffle another order in every epoch
    /// @param callFormat how tool calls are written where the chat template has no place for tools: `plain`
    ///     (default), `hermes`, `llama` or `mistral`
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Data(
            String train,
            @Nullable String validation,
            boolean packing,
            @JsonProperty("max_length") @Nullable Integer maxLength,
            Reduction reduction,
            boolean shuffle,
            @JsonProperty("call_format") @Nullable String callFormat) {}

    /// @param steps optimiser steps; exactly one of steps and epochs
    /// @param epochs passes over the data, fractions allowed
    /// @param batchSize rows of an optimiser step
    /// @param microBatchSize rows computed at once; default the whole step (packed: one row of
    ///     `max_length`)
    /// @param seed of the order, of new LoRA weights and of dropout
    /// @param clipNorm most norm of all gradients together; 0 = no clipping
    /// @param recompute what is computed again in the backward pass instead of being kept
    /// @param zero with several ranks: 0 = each has the whole optimiser state, 1 = each a share of it (ZeRO-1),
    ///     2 = each a share of the gradients as well (ZeRO-2)
    /// @param overlap with several ranks: send gradients while the backward pass goes on
    /// @param bucketMib with several ranks: MiB of gradients that are sent at once
    /// @param backend with several ranks: what carries their gradients, `gloo` (on the CPU), `nccl` (on
    ///     CUDA) or `auto`
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Train(
            @Nullable Long steps,
            @Nullable Double epochs,
            @JsonProperty("batch_size") int batchSize,
            @JsonProperty("micro_batch_size") @Nullable Integer microBatchSize,
            long seed,
            @JsonProperty("clip_norm") double clipNorm,
            Recompute recompute,
            int zero,
            boolean overlap,
            @JsonProperty("bucket_mib") int bucketMib,
            String backend) {}

    /// What of the activations is computed again in the backward pass (Chen et al. 2016): the same bits, less
    /// memory, a third more time where all of it is.
    public enum Recompute {
        NONE,
        /// All but each decoder block's input.
        BLOCK;

        /// `none` or `block`; `false` and `true` mean the same.
        @JsonCreator
        static Recompute of(Object value) {
            return switch (String.valueOf(value)) {
                case "none", "false" -> NONE;
                case "block", "true" -> BLOCK;
                default -> throw new IllegalArgumentException("expected none or block");
            };
        }

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// AdamW.
    ///
    /// @param lr highest rate; default 1e-5, with LoRA 2e-4
    /// @param betas decay of the two moments
    /// @param eps added to the root of the second moment
    /// @param weightDecay on matrices only
    public record Optimizer(
            double lr,
            List<Double> betas,
            double eps,
            @JsonProperty("weight_decay") double weightDecay) {}

    /// @param type how the rate falls behind the warm-up
    /// @param warmupSteps steps of linear warm-up; at most one of it and the ratio, default none
    /// @param warmupRatio the same as a share of all steps, rounded up
    /// @param minRatio where cosine and linear end, as a share of the highest rate
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Schedule(
            Decay type,
            @JsonProperty("warmup_steps") @Nullable Long warmupSteps,
            @JsonProperty("warmup_ratio") @Nullable Double warmupRatio,
            @JsonProperty("min_ratio") double minRatio) {

        /// The learning rate of a run of so many steps.
        awl.optim.Schedule over(long total, double peak) {
            long warmup = warmupSteps != null ? warmupSteps : warmupRatio == null ? 0 : share(total, warmupRatio);
            return switch (type) {
                case CONSTANT -> new awl.optim.Schedule.Constant(peak, warmup);
                case LINEAR -> new awl.optim.Schedule.Linear(peak, warmup, total, minRatio);
                case COSINE -> new awl.optim.Schedule.Cosine(peak, warmup, total, minRatio);
            };
        }

        /// Rounded up, but 0.1 of 30 is 3 whatever binary fractions make of it.
        private static long share(long total, double ratio) {
            return (long) Math.ceil(total * ratio - 1e-9);
        }
    }

    /// Shapes of the schedule.
    public enum Decay {
        @JsonProperty("constant")
        CONSTANT,
        @JsonProperty("linear")
        LINEAR,
        @JsonProperty("cosine")
        COSINE
    }

    /// @param every steps between checkpoints; there is always one at the end
    /// @param keep how many of the newest stay, beside the best
    /// @param background go on training while one is written; may take memory for a copy of what it holds
    public record Checkpoint(long every, int keep, boolean background) {}
}
