package awl.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a decoder-only transformer looks like, from `config.json` of either dialect or from a GGUF file's metadata.
///
/// @param modelType Hugging Face's `model_type`: llama, qwen2, qwen3, mistral, gemma2, phi3
/// @param vocabSize V
/// @param hiddenSize D
/// @param intermediateSize F
/// @param layers L
/// @param heads H
/// @param kvHeads K
/// @param headDim E
/// @param hiddenAct `silu` or `gelu_pytorch_tanh`
/// @param normEps epsilon of every RMSNorm
/// @param ropeTheta base of the rotary frequencies
/// @param ropeScaling how they are stretched
/// @param partialRotaryFactor share of the head's width that is rotated, from the front
/// @param maxPositions longest context
/// @param slidingWindow per layer the number of tokens it can see (itself included), or 0 for all; L entries
/// @param attentionBias whether q, k and v projections have a bias (`outputBias`: also the output projection)
/// @param outputBias whether the attention's output projection has a bias
/// @param mlpBias whether the feed-forward projections have a bias
/// @param attnSoftCap cap * tanh(score / cap) on attention scores, or null
/// @param finalSoftCap the same on logits, or null
/// @param queryScale what scores are divided by is sqrt of this (gemma2's query_pre_attn_scalar; else E)
/// @param tied whether the head is the embedding
/// @param dtype stored number format by its torch name, e.g. `bfloat16`
/// @param eosIds ids that end a generation
/// @param bosId or null
/// @param padId or null
public record ModelConfig(
        String modelType,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        String hiddenAct,
        double normEps,
        double ropeTheta,
        RopeScaling ropeScaling,
        double partialRotaryFactor,
        int maxPositions,
        List<Integer> slidingWindow,
        boolean attentionBias,
        boolean outputBias,
        boolean mlpBias,
        @Nullable Double attnSoftCap,
        @Nullable Double finalSoftCap,
        double queryScale,
        boolean tied,
        String dtype,
        List<Integer> eosIds,
        @Nullable Integer bosId,
        @Nullable Integer padId) {

    /// Families this engine has, in the order of the documentation.
    public static final List<String> MODEL_TYPES = List.of("llama", "qwen2", "qwen3", "mistral", "gemma2", "phi3");
}
