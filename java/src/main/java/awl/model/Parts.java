package awl.model;

import awl.ConfigException;
import awl.kernel.Activation;
import awl.kernel.Kernels;
import awl.tensor.Parameter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the parts of a layer from named tensors, for the files of the families.
final class Parts {

    private final ModelConfig config;
    private final Weights weights;
    private final Kernels kernels;
    private final boolean onePlusNorms;

    Parts(ModelConfig config, Weights weights, Kernels kernels, boolean onePlusNorms) {
        this.config = config;
        this.weights = weights;
        this.kernels = kernels;
        this.onePlusNorms = onePlusNorms;
    }

    ModelConfig config() {
        return config;
    }

    static String layer(int layer) {
        return "model.layers." + layer + ".";
    }

    /// An RMS norm over `width` numbers.
    RmsNorm norm(String module, long width) {
        Parameter weight =
                weights.take(module + ".weight", onePlusNorms ? Weights.Start.ZERO : Weights.Start.ONE, width);
        return new RmsNorm(weight, config.normEps(), onePlusNorms, kernels);
    }

    Linear linear(String module, long outputs, long inputs, boolean bias) {
        Parameter weight = weights.take(module + ".weight", Weights.Start.NORMAL, outputs, inputs);
        Parameter offset = bias ? weights.take(module + ".bias", Weights.Start.ZERO, outputs) : null;
        return new Linear(module, weight, offset);
    }

    /// `self_attn` with separate q, k and v projections.
    ///
    /// @param headNorms whether query and key heads have norms of their own
    Attention attention(int layer, boolean headNorms) {
        String module = layer(layer) + "self_attn.";
        long d = config.hiddenSize();
        long e = config.headDim();
        List<Linear> projections = new ArrayList<>();
        projections.add(linear(module + "q_proj", config.heads() * e, d, config.attentionBias()));
        projections.add(linear(module + "k_proj", config.kvHeads() * e, d, config.attentionBias()));
        projections.add(linear(module + "v_proj", config.kvHeads() * e, d, config.attentionBias()));
        HeadNorms norms =
                headNorms ? new HeadNorms(norm(module + "q_norm", e), norm(module + "k_norm", e), kernels) : null;
        return attention(layer, projections, norms);
    }

    /// `self_attn` with one `qkv_proj`.
    Attention fusedAttention(int layer) {
        long width = (config.heads() + 2L * config.kvHeads()) * config.headDim();
        Linear fused = linear(layer(layer) + "self_attn.qkv_proj", width, config.hiddenSize(), config.attentionBias());
        return attention(layer, List.of(fused), null);
    }

    private Attention attention(int layer, List<Linear> projections, @Nullable HeadNorms norms) {
        Linear output = linear(
                layer(layer) + "self_attn.o_proj",
                config.hiddenSize(),
                (long) config.heads() * config.headDim(),
                config.outputBias());
        AttentionShape shape = new AttentionShape(
                config.heads(),
                config.kvHeads(),
                config.headDim(),
                1 / Math.sqrt(config.queryScale()),
                config.slidingWindow().get(layer),
                config.attnSoftCap());
        return new Attention(
                layer, shape, new Projection(projections, kernels), norms, new Projection(List.of(output), kernels));
    }

    /// `mlp` with separate gate and up projections.
    GatedMlp mlp(int layer) {
        String module = layer(layer) + "mlp.";
        long d = config.hiddenSize();
        long f = config.intermediateSize();
        return mlp(
                layer,
                List.of(
                        linear(module + "gate_proj", f, d, config.mlpBias()),
                        linear(module + "up_proj", f, d, config.mlpBias())));
    }

    /// `mlp` with one `gate_up_proj`.
    GatedMlp fusedMlp(int layer) {
        return mlp(
                layer,
                List.of(linear(
                        layer(layer) + "mlp.gate_up_proj",
                        2L * config.intermediateSize(),
                        config.hiddenSize(),
                        config.mlpBias())));
    }

    private GatedMlp mlp(int layer, List<Linear> gateUp) {
        Linear down = linear(
                layer(layer) + "mlp.down_proj", config.hiddenSize(), config.intermediateSize(), config.mlpBias());
        Activation activation = switch (config.hiddenAct()) {
            case "silu" -> Activation.SILU;
            case "gelu_pytorch_tanh" -> Activation.TANH_GELU;
            default ->
                throw new ConfigException("hidden_act '%s' is not supported; supported are silu and gelu_pytorch_tanh"
                        .formatted(config.hiddenAct()));
        };
        return new GatedMlp(
                new Projection(gateUp, kernels), new Projection(List.of(down), kernels), activation, kernels);
    }

    /// The usual layer: a norm before attention, a norm before the feed-forward part.
    Block plainBlock(int layer, Attention attention, GatedMlp mlp) {
        long d = config.hiddenSize();
        return new Block(
                norm(layer(layer) + "input_layernorm", d),
                attention,
                null,
                norm(layer(layer) + "post_attention_layernorm", d),
                mlp,
                null);
    }
}
