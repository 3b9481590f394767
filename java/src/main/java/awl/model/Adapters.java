package awl.model;

import awl.CheckpointException;
import awl.ConfigException;
import awl.ShapeException;
import awl.data.Batch;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The low-rank adapters of a [Decoder].
public final class Adapters {

    private final List<Linear> linears;
    private long seed;
    private long step;
    private int attached;

    Adapters(List<Linear> linears) {
        this.linears = linears;
    }

    /// Layers that have one.
    public List<Linear> adapted() {
        return linears.stream().filter(linear -> linear.adapter() != null).toList();
    }

    /// Which step's random numbers dropout draws from now on, the same on every rank: all the state it has.
    public void startStep(long stream) {
        step = stream;
    }

    /// Every adapted weight with its adapter's product added, in the weight's dtype, by name of the weight; the model
    /// itself stays as it is. The tensors belong to the caller's scope.
    public Map<String, Tensor> merged() {
        Map<String, Tensor> merged = new LinkedHashMap<>();
        for (Linear linear : adapted()) {
            merged.put(linear.weight().name(), merged(linear));
        }
        return merged;
    }

    /// One layer's weight with its adapter's product added.
    public static Tensor merged(Linear linear) {
        Lora adapter = linear.adapter();
        if (adapter == null) {
            return linear.weight().value().alias();
        }
        try (TensorScope scope = TensorScope.open()) {
            return scope.keep(adapter.merged(linear.weight().value()));
        }
    }

    /// Names of a batch's rows in dropout's random numbers; null where nothing is dropped.
    @Nullable
    Tensor dropoutKeys(Batch batch, DeviceHandle device) {
        boolean drops = linears.stream().map(Linear::adapter).anyMatch(each -> each != null && each.drops());
        return drops ? LoraDropout.keys(LoraDropout.mix(seed) + LoraDropout.mix(step), batch, device) : null;
    }

    /// New adapters as PEFT starts them: A from the uniform distribution of Kaiming initialisation with a = sqrt(5),
    /// B zero, so that the model is unchanged at first.
    void create(LoraConfig lora, long from) {
        refuseTwice();
        seed = from;
        Set<String> unknown = new LinkedHashSet<>(lora.targets());
        for (int i = 0; i < linears.size(); i++) {
            Linear linear = linears.get(i);
            boolean wanted = false;
            for (String target : lora.targets()) {
                if (LoraConfig.names(target, linear.module())) {
                    unknown.remove(target);
                    wanted = true;
                }
            }
            if (wanted) {
                try (TensorScope scope = TensorScope.open()) {
                    double bound = 1 / Math.sqrt(linear.inputs());
                    Generator generator = torch.createCPUGenerator(LoraDropout.mix(from + i + 1));
                    Tensor a = Tensors.empty(ScalarType.Float, lora.rank(), linear.inputs());
                    a.uniform_(-bound, bound, new GeneratorOptional(generator));
                    Tensor b = Tensors.zeros(ScalarType.Float, linear.outputs(), lora.rank());
                    put(linear, a, b, lora.scaling(), lora.dropout(), i);
                }
            }
        }
        if (!unknown.isEmpty()) {
            throw new ConfigException("lora.targets: no linear layer is called %s; this model has %s, or say %s"
                    .formatted(String.join(", ", unknown), String.join(", ", shortNames()), LoraConfig.ALL_LINEAR));
        }
    }

    void load(List<LoraWeights> trained, double dropout, long from) {
        refuseTwice();
        seed = from;
        Map<String, Integer> byModule = new LinkedHashMap<>();
        for (int i = 0; i < linears.size(); i++) {
            byModule.put(linears.get(i).module(), i);
        }
        List<String> unknown = new ArrayList<>();
        for (LoraWeights each : trained) {
            Integer index = byModule.get(each.module());
            if (index == null) {
                unknown.add(each.module());
                continue;
            }
            Linear linear = linears.get(index);
            long rank = each.a_RI().size(0);
            require(each.a_RI(), each.module() + ".lora_A", "RI", rank, linear.inputs());
            require(each.b_OR(), each.module() + ".lora_B", "OR", linear.outputs(), rank);
            try (TensorScope scope = TensorScope.open()) {
                put(linear, copy(each.a_RI()), copy(each.b_OR()), each.scaling(), dropout, index);
            }
        }
        if (!unknown.isEmpty()) {
            throw new CheckpointException("the adapter is for modules this model does not have: "
                    + String.join(", ", unknown) + "; is it for another base model?");
        }
    }

    private static Tensor copy(Tensor stored) {
        return stored.to(ScalarType.Float, false, true, new org.bytedeco.pytorch.MemoryFormatOptional());
    }

    private static void require(Tensor tensor, String name, String axes, long... shape) {
        try {
            Shapes.require(tensor, name, axes, shape);
        } catch (ShapeException e) {
            throw new CheckpointException(e.getMessage() + "; is the adapter for another base model?", e);
        }
    }

    private void refuseTwice() {
        if (!adapted().isEmpty()) {
            throw new IllegalStateException("this model has adapters already");
        }
    }

    /// How often layers were given adapters: what was prepared before is for another model.
    int attached() {
        return attached;
    }

    private void put(Linear linear, Tensor a, Tensor b, double scaling, double dropout, long stream) {
        // Adapters are float32 beside bfloat16 weights, as PEFT keeps them: their updates would be rounded away.
        boolean wide = linear.weight().dtype() == ScalarType.Double;
        ScalarType dtype = wide ? ScalarType.Double : ScalarType.Float;
        attached++;
        String name = Lora.PREFIX + linear.module();
        DeviceHandle device = linear.weight().device();
        linear.adapter(new Lora(
                new Parameter(name + ".lora_A.weight", device.move(a, dtype)),
                new Parameter(name + ".lora_B.weight", device.move(b, dtype)),
                scaling,
                new LoraDropout(dropout, stream)));
    }

    private List<String> shortNames() {
        return linears.stream().map(Linear::shortName).distinct().sorted().toList();
    }
}
