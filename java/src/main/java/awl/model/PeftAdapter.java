package awl.model;

import awl.CheckpointException;
import awl.tensor.Safetensors;
import awl.tensor.Tensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A LoRA adapter in PEFT's folder layout: `adapter_config.json` and `adapter_model.safetensors`, mapped while this is
/// open. [PeftWriter] writes one.
///
/// Tensors are `base_model.model.<module>.lora_A.weight` `[R, in]` and `lora_B.weight` `[out, R]`; the adapted weight
/// is
/// `W + scaling * B A`.
public final class PeftAdapter implements AutoCloseable {

    static final String CONFIG = "adapter_config.json";
    static final String WEIGHTS = "adapter_model.safetensors";

    private static final Pattern NAME =
            Pattern.compile("base_model\\.model\\.(.{1,300})\\.lora_(A|B)(?:\\.default)?\\.weight");

    private final Path folder;
    private final PeftConfig config;
    private final Safetensors file;
    private final Map<String, Pair> pairs = new TreeMap<>();

    /// Names of the two tensors of a module.
    private record Pair(@Nullable String a, @Nullable String b) {}

    private PeftAdapter(Path folder, PeftConfig config, Safetensors file) {
        this.folder = folder;
        this.config = config;
        this.file = file;
        List<String> unknown = new ArrayList<>();
        for (String name : file.names()) {
            Matcher matcher = NAME.matcher(name);
            if (!matcher.matches()) {
                unknown.add(name);
                continue;
            }
            Pair before = pairs.getOrDefault(matcher.group(1), new Pair(null, null));
            boolean first = matcher.group(2).equals("A");
            if ((first ? before.a : before.b) != null) {
                throw bad("module '%s' has two lora_%s".formatted(matcher.group(1), matcher.group(2)));
            }
            pairs.put(matcher.group(1), first ? new Pair(name, before.b) : new Pair(before.a, name));
        }
        if (!unknown.isEmpty()) {
            throw bad("holds tensors that are no part of a plain LoRA adapter of linear layers: "
                    + String.join(", ", unknown.subList(0, Math.min(5, unknown.size()))));
        }
        if (pairs.isEmpty()) {
            throw bad("holds no adapter tensors");
        }
        pairs.forEach(this::check);
    }

    /// Opens a PEFT folder.
    ///
    /// @throws CheckpointException when a file is missing, damaged, or the two do not agree
    /// @throws awl.ConfigException when it is an adapter of another kind than LoRA on linear layers
    public static PeftAdapter open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(
                    folder + ": expected a PEFT adapter folder with " + CONFIG + " and " + WEIGHTS);
        }
        PeftConfig config = PeftConfig.read(folder.resolve(CONFIG));
        if (!Files.exists(folder.resolve(WEIGHTS)) && Files.exists(folder.resolve("adapter_model.bin"))) {
            throw new CheckpointException(
                    folder + ": has adapter_model.bin only, a pickle that can run code; save it as safetensors (PEFT: "
                            + "save_pretrained(dir, safe_serialization=True)) and point here again");
        }
        Safetensors file = Safetensors.open(folder.resolve(WEIGHTS));
        try {
            return new PeftAdapter(folder, config, file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private void check(String module, Pair pair) {
        if (pair.a == null || pair.b == null) {
            throw bad("module '%s' has no lora_%s".formatted(module, pair.a == null ? "A" : "B"));
        }
        long[] a = file.info(pair.a).shape();
        long[] b = file.info(pair.b).shape();
        int rank = config.rank(module);
        if (a.length != 2 || b.length != 2 || a[0] != rank || b[1] != rank) {
            throw bad("module '%s': lora_A %s and lora_B %s; %s says rank %d, so expected [%d, in] and [out, %d]"
                    .formatted(module, Arrays.toString(a), Arrays.toString(b), CONFIG, rank, rank, rank));
        }
    }

    private CheckpointException bad(String message) {
        return new CheckpointException(folder.resolve(WEIGHTS) + ": " + message);
    }

    /// What was asked for when it was made. Modules may differ from `rank` and `alpha`: [#weights] has the truth.
    public LoraConfig config() {
        return new LoraConfig(
                config.rank(),
                config.alpha(),
                config.targets().isEmpty() ? targetsByTensors() : config.targets(),
                config.dropout(),
                config.rsLora());
    }

    private List<String> targetsByTensors() {
        Set<String> names = new LinkedHashSet<>();
        pairs.keySet().forEach(module -> names.add(module.substring(module.lastIndexOf('.') + 1)));
        return List.copyOf(names);
    }

    /// The base model it was trained on, by name or path; null where the adapter does not say.
    public @Nullable String baseModel() {
        return config.baseModel();
    }

    /// Modules it adapts, by full name.
    public Set<String> modules() {
        return pairs.keySet();
    }

    /// Sizes `{out, in}` of the weight that a module must have.
    public long[] weightShape(String module) {
        Pair pair = pair(module);
        return new long[] {
            file.info(name(pair.b)).shape()[0], file.info(name(pair.a)).shape()[1]
        };
    }

    /// One module's matrices in float32, copies that belong to the caller's scope.
    public LoraWeights weights(String module) {
        return weights(module, ScalarType.Float);
    }

    LoraWeights weights(String module, ScalarType dtype) {
        Pair pair = pair(module);
        return new LoraWeights(
                module, file.read(name(pair.a), dtype), file.read(name(pair.b), dtype), config.scaling(module));
    }

    /// All of them, for `Decoder.attach`.
    public List<LoraWeights> weights() {
        return modules().stream().map(this::weights).toList();
    }

    private Pair pair(String module) {
        Pair pair = pairs.get(module);
        if (pair == null) {
            throw bad("has no module '" + module + "'");
        }
        return pair;
    }

    private static String name(@Nullable String name) {
        if (name == null) {
            throw new IllegalStateException("checked when it was opened");
        }
        return name;
    }

    /// `weight + scaling * B A`, computed in float64 and rounded once.
    ///
    /// @param dtype of the result
    Tensor merged(String module, Tensor weight_OI, ScalarType dtype) {
        try (awl.tensor.TensorScope scope = awl.tensor.TensorScope.open()) {
            LoraWeights lora = weights(module, ScalarType.Double);
            Tensor wide = weight_OI.to(ScalarType.Double, false, true, new org.bytedeco.pytorch.MemoryFormatOptional());
            wide.addmm_(lora.b_OR(), lora.a_RI(), awl.tensor.Scalars.ONE, awl.tensor.Scalars.of(lora.scaling()));
            return scope.keep(Tensors.dtype(wide) == dtype ? wide : wide.to(dtype));
        }
    }

    public Path folder() {
        return folder;
    }

    @Override
    public void close() {
        file.close();
    }
}
