package awl.model;

import awl.tensor.Parameter;
import awl.tensor.Shapes;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A matrix with an optional bias and an optional low-rank adapter: `y = x W^T + b + adapter(x)`. [Projection]
/// computes with it.
public final class Linear implements AutoCloseable {

    private final String module;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private @Nullable Tensor transposed_IO;
    private @Nullable Lora adapter;

    /// @param module full name, `model.layers.0.self_attn.q_proj`
    /// @param weight outputs by inputs
    Linear(String module, Parameter weight, @Nullable Parameter bias) {
        this.module = module;
        this.weight = weight;
        this.bias = bias;
    }

    /// Full module name, as adapters refer to it.
    public String module() {
        return module;
    }

    /// Last part of the module's name, `q_proj`.
    public String shortName() {
        return module.substring(module.lastIndexOf('.') + 1);
    }

    public Parameter weight() {
        return weight;
    }

    public @Nullable Parameter bias() {
        return bias;
    }

    public @Nullable Lora adapter() {
        return adapter;
    }

    void adapter(@Nullable Lora lora) {
        if (adapter != null) {
            adapter.close();
        }
        adapter = lora;
    }

    long inputs() {
        return weight.size(1);
    }

    long outputs() {
        return weight.size(0);
    }

    Tensor transposed() {
        Tensor known = transposed_IO;
        if (known == null) {
            known = weight.value().t();
            known.retainReference();
            transposed_IO = known;
        }
        return known;
    }

    boolean trainable() {
        return weight.trainable() || (bias != null && bias.trainable()) || (adapter != null && adapter.trainable());
    }

    /// Weight, bias, then the adapter's matrices.
    List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(weight);
        if (bias != null) {
            all.add(bias);
        }
        if (adapter != null) {
            all.addAll(adapter.parameters());
        }
        return all;
    }

    @Override
    public void close() {
        adapter(null);
        if (transposed_IO != null) {
            transposed_IO.close();
        }
        parameters().forEach(Parameter::close);
    }

    @Override
    public String toString() {
        return module + Shapes.text(outputs(), inputs());
    }
}
