package awl.model;

import awl.ShapeException;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A decoder-only language model: tokens in, hidden states out; what is done with them (loss, sampling) is others'
/// business.
///
/// Its parameters live until [#close]. One thread at a time.
public final class Decoder implements AutoCloseable {

    private final ModelConfig config;
    private final Precision precision;
    private final DeviceHandle device;
    private final Layers layers;
    private final Head head;
    private final Rope rope;
    private final Adapters adapters;
    private final Kernels kernels;
    private @Nullable TensorSource source;
    private Map<String, Integer> quantized = Map.of();

    private Decoder(ModelConfig config, Precision precision, DeviceHandle device, Weights weights, Kernels kernels) {
        Family family = Families.of(config);
        Parts parts = new Parts(config, weights, kernels, family.onePlusNorms());
        this.config = config;
        this.precision = precision;
        this.device = device;
        this.kernels = kernels;
        this.rope = new Rope(config, kernels);
        long v = config.vocabSize();
        long d = config.hiddenSize();
        Parameter table = weights.take("model.embed_tokens.weight", Weights.Start.NORMAL, v, d);
        Embedding embedding = new Embedding(table, family.embeddingScale(config), precision.scalarType(), kernels);
        List<Block> blocks = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            blocks.add(family.block(layer, parts));
        }
        this.layers = new Layers(embedding, blocks, parts.norm("model.norm", d));
        Parameter rows = config.tied() ? table : weights.take("lm_head.weight", Weights.Start.NORMAL, v, d);
        this.head = new Head(rows, config.tied(), config.finalSoftCap(), kernels);
        this.adapters = new Adapters(layers.linears());
    }

    /// Reads a model. The source may be closed afterwards.
    ///
    /// @throws awl.CheckpointException naming every tensor that is missing, misshapen or superfluous
    /// @throws awl.ConfigException when the configuration asks for something unknown
    public static Decoder load(TensorSource source, Precision precision) {
        return load(source, precision, new TorchKernels());
    }

    /// @param kernels computes the norms, and the linear layers of generation
    public static Decoder load(TensorSource source, Precision precision, Kernels kernels) {
        return load(source, precision, kernels, DeviceHandle.CPU);
    }

    /// @param device where the weights go and everything is computed; the kernels must be able to
    public static Decoder load(TensorSource source, Precision precision, Kernels kernels, DeviceHandle device) {
        CheckpointWeights weights = new CheckpointWeights(source, precision, device, false, null);
        return load(source, weights, precision, kernels, device);
    }

    /// A model for inference alone: its weights are views of the file where the file's dtype allows, so that it is
    /// there at once and takes no memory of its own. It owns the source, which must not be closed before it.
    ///
    /// Nothing of it can be trained but an adapter, and a file that changes meanwhile changes it.
    public static Decoder map(TensorSource source, Precision precision, Kernels kernels) {
        return map(source, precision, kernels, true);
    }

    /// @param inPlace whether matrices in quantised blocks stay so where the kernels compute with them: the
    ///     results are the same, bit for bit; a quarter of the memory is read, and nothing is decoded at the start
    public static Decoder map(TensorSource source, Precision precision, Kernels kernels, boolean inPlace) {
        return map(source, precision, kernels, inPlace, DeviceHandle.CPU);
    }

    /// @param device where everything is computed; on another than the CPU weights are copies
    public static Decoder map(
            TensorSource source, Precision precision, Kernels kernels, boolean inPlace, DeviceHandle device) {
        CheckpointWeights weights = new CheckpointWeights(source, precision, device, true, inPlace ? kernels : null);
        Decoder model = load(source, weights, precision, kernels, device);
        model.source = source;
        model.quantized = Map.copyOf(weights.kept());
        return model;
    }

    private static Decoder load(
            TensorSource source, CheckpointWeights weights, Precision precision, Kernels kernels, DeviceHandle device) {
        Decoder model = new Decoder(source.config(), precision, device, weights, kernels);
        try {
            if (source.config().tied()) {
                weights.superfluous("lm_head.weight");
            }
            weights.finish();
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /// An untrained model.
    public static Decoder random(ModelConfig config, long seed, Precision precision) {
        return random(config, seed, precision, new TorchKernels());
    }

    /// @param kernels computes the norms, and the linear layers of generation
    public static Decoder random(ModelConfig config, long seed, Precision precision, Kernels kernels) {
        return random(config, seed, precision, kernels, DeviceHandle.CPU);
    }

    /// @param device where everything is computed; the weights are the same on all
    public static Decoder random(
            ModelConfig config, long seed, Precision precision, Kernels kernels, DeviceHandle device) {
        return new Decoder(config, precision, device, RandomWeights.uniform(seed, precision, device), kernels);
    }

    /// An untrained narrow model that is to be trained: random matrices scaled by their inputs and the depth.
    public static Decoder untrained(ModelConfig config, long seed, Precision precision) {
        RandomWeights weights = RandomWeights.scaled(seed, precision, config.layers());
        return new Decoder(config, precision, DeviceHandle.CPU, weights, new TorchKernels());
    }

    public ModelConfig config() {
        return config;
    }

    /// What is computed with, for messages and the facts of a run: `fp32`, or `fp32 on weights in Q4_1, Q8_0`.
    public String numbers() {
        return quantized.isEmpty()
                ? precision.toString()
                : precision + " on weights in " + String.join(", ", new TreeSet<>(quantized.keySet()));
    }

    /// What computes it here, for messages.
    public String computing() {
        boolean widens = cacheDtype() != precision.scalarType();
        return "on %s, %s%s, %d threads, kernels %s, sampling by %s"
                .formatted(
                        device,
                        numbers(),
                        widens ? " (float32 activations while decoding)" : "",
                        Threads.count(),
                        kernels.name(),
                        kernels.sampler(device));
    }

    public Precision precision() {
        return precision;
    }

    /// What computes its layers.
    public Kernels kernels() {
        return kernels;
    }

    /// Where its parameters are, and everything it computes.
    public DeviceHandle device() {
        return device;
    }

    public Head head() {
        return head;
    }

    /// Every parameter once, adapters included, in the order of the layers.
    public List<Parameter> parameters() {
        List<Parameter> all = layers.parameters();
        if (!head.tied()) {
            all.add(head.weight());
        }
        return all;
    }

    /// Those that are not frozen.
    public List<Parameter> trainable() {
        return parameters().stream().filter(Parameter::trainable).toList();
    }

    /// Every linear layer but the head.
    public List<Linear> linears() {
        return layers.linears();
    }

    /// Whether each block's inner activations are computed again in the backward pass instead of being kept.
    public void recompute(boolean on) {
        layers.recompute(on);
    }

    /// Low-rank adapters: attaching, dropout's state, merging.
    public Adapters adapters() {
        return adapters;
    }

    /// Freezes the model and gives the named layers new adapters, which are then all that is trained.
    public void attach(LoraConfig lora, long seed) {
        parameters().forEach(Parameter::freeze);
        adapters.create(lora, seed);
    }

    /// Freezes the model and gives layers trained adapters, to be used or trained further.
    public void attach(List<LoraWeights> trained, double dropout, long seed) {
        parameters().forEach(Parameter::freeze);
        adapters.load(trained, dropout, seed);
    }

    /// Hidden states behind the final norm, `[N, D]`, in the caller's scope. With a recording tape, run its backward
    /// with their gradient before the scope that holds the batch is closed.
    public Tensor hidden(TokenBatch in, Tape tape) {
        int[] documentStart = in.documentStart();
        check(in.batch().tokens());
        try (TensorScope scope = TensorScope.open()) {
            Rope.Angles angles = rope.angles(in.positions(), documentStart, precision.scalarType(), device);
            Tensor start_S =
                    device.isCuda() ? Tensors.indices(device, documentStart).to(ScalarType.Int) : null;
            Tensor dropoutKey = tape.isTraining() ? adapters.dropoutKeys(in.batch(), device) : null;
            if (tape.isRecording()) {
                if (dropoutKey != null) {
                    scope.keep(dropoutKey);
                }
                scope.keep(angles.cos_NR());
                scope.keep(angles.sin_NR());
                if (start_S != null) {
                    scope.keep(start_S);
                }
            }
            Pass pass = new DocumentPass(kernels, documentStart, start_S, rope, angles, dropoutKey);
            Value x = layers.embedded(tape, in.tokens_N(), precision.scalarType());
            return scope.keep(layers.hidden(x, tape, pass));
        }
    }

    /// Room for the keys and values of sequences being generated. The caller closes it.
    public KvCache cache(int slots, int capacity) {
        return cache(slots, capacity, cacheDtype());
    }

    /// @param dtype of keys and values: that of the activations, or float32
    KvCache cache(int slots, int capacity, ScalarType dtype) {
        return new KvCache(config, kernels, slots, capacity, dtype, device);
    }

    /// The activations' own on a device; in host memory float32 at least, which is faster there.
    private ScalarType cacheDtype() {
        return precision == Precision.BF16 && device.isCpu() ? ScalarType.Float : precision.scalarType();
    }

    /// Bytes of keys and values of one token in all layers, in a cache of this model's.
    public long cacheBytesPerToken() {
        return KvCache.numbersPerToken(config) * torch.elementSize(cacheDtype());
    }

    /// Appends tokens to slots of a cache, at most one segment a slot.
    ///
    /// @return `[S, V]` in float32 (float64), the logits behind the last token of each segment in the order given
    public Tensor logits(List<Segment> segments, KvCache cache) {
        CacheRows rows = CacheRows.of(segments, cache);
        check(rows.tokens());
        boolean oneEach = rows.oneEach();
        try (TensorScope scope = TensorScope.open()) {
            ScalarType activations = activations(cache, rows.count(), oneEach);
            Rope.Angles angles = rope.angles(rows.positions(), rows.start(), activations, device);
            Value embedded = layers.embedded(Tape.none(), Tensors.indices(device, rows.tokens()), activations);
            Tensor wanted = oneEach ? null : Tensors.indices(device, rows.last());
            Tensor logits;
            if (FusedCachePass.suits(cache, kernels, activations, rows)) {
                FusedCachePass pass = new FusedCachePass(cache, kernels, angles, rows);
                logits = oneEach && activations == ScalarType.Float
                        ? prepared(embedded, pass, cache)
                        : lastLogits(embedded, pass, wanted);
            } else {
                Pass pass = new CachePass(scope, cache, rope, angles, rows, config.kvHeads());
                logits = lastLogits(embedded, pass, wanted);
            }
            rows.pieces().forEach(piece -> cache.appended(piece.slot(), piece.tokens()));
            return scope.keep(logits);
        }
    }

    /// Few rows beside a float32 cache cost the reading of the weights and nothing else, so there the
    /// activations of a bfloat16 model are float32: as fast, more exact, and what [Kernels#cacheAttention]
    /// takes. Long prompts are products of bfloat16.
    private ScalarType activations(KvCache cache, int rows, boolean oneEach) {
        ScalarType own = precision.scalarType();
        boolean wide = Tensors.dtype(cache.keys(0)) == ScalarType.Float && (oneEach || rows <= Kernels.FEW_ROWS);
        return precision == Precision.BF16 && wide ? ScalarType.Float : own;
    }

    /// A step of one token a sequence, which is done over and over.
    private Tensor prepared(Value embedded, FusedCachePass pass, KvCache cache) {
        List<Tensor> inputs = new ArrayList<>(pass.inputs());
        inputs.add(embedded.tensor());
        return cache.steps().logits(inputs, adapters.attached(), () -> lastLogits(embedded, pass, null));
    }

    /// @param rows whose logits are wanted; null: all
    private Tensor lastLogits(Value embedded, Pass pass, @Nullable Tensor rows) {
        return head.logits(layers.chosen(embedded, pass, rows));
    }

    private void check(int[] tokens) {
        for (int t = 0; t < tokens.length; t++) {
            if (tokens[t] < 0 || tokens[t] >= config.vocabSize()) {
                throw new ShapeException(
                        "token %d of the batch: expected an id from 0 to %d (the model's vocabulary), found %d"
                                .formatted(t, config.vocabSize() - 1, tokens[t]));
            }
        }
    }

    /// Frees all parameters.
    @Override
    public void close() {
        linears().forEach(Linear::close);
        parameters().forEach(Parameter::close);
        if (source != null) {
            source.close();
        }
    }
}
