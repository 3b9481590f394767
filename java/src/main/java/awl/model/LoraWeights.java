package awl.model;

import org.bytedeco.pytorch.Tensor;

/// A trained adapter of one module, as read from a PEFT folder.
///
/// @param module full name of the linear layer, `model.layers.0.self_attn.q_proj`
/// @param a_RI down projection
/// @param b_OR up projection
/// @param scaling what their product is multiplied with
public record LoraWeights(String module, Tensor a_RI, Tensor b_OR, double scaling) {}
