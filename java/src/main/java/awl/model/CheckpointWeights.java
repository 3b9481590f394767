package awl.model;

import awl.CheckpointException;
import awl.kernel.Kernels;
import awl.tensor.BlockMatrix;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Parameters read from a checkpoint, with the account of which tensors were wanted: each one in the file has to be
/// used or known to be superfluous, each one wanted has to be there with its shape.
final class CheckpointWeights implements Weights {

    private static final int NAMED = 8;

    private final TensorSource source;
    private final Precision precision;
    private final DeviceHandle device;
    private final boolean mapped;
    private final @Nullable Kernels inPlace;
    private final Map<String, Integer> kept = new TreeMap<>();
    private final Set<String> unused;
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshapen = new ArrayList<>();

    /// @param mapped for inference: weights are views of the file where its dtype allows, frozen and read-only;
    ///     a matrix stored in bfloat16 stays so under float32 arithmetic (widening it is exact and is done where
    ///     it is used)
    /// @param inPlace for inference: computes with quantised blocks as they lie in the file, where it can; null:
    ///     all are decoded
    CheckpointWeights(
            TensorSource source, Precision precision, DeviceHandle device, boolean mapped, @Nullable Kernels inPlace) {
        this.device = device;
        this.inPlace = device.isCpu() ? inPlace : null;
        this.source = source;
        this.precision = precision;
        this.mapped = mapped;
        this.unused = new LinkedHashSet<>(source.names());
    }

    @Override
    public Parameter take(String name, Start start, long... shape) {
        try (TensorScope scope = TensorScope.open()) {
            if (!source.names().contains(name)) {
                missing.add(name + Shapes.text(shape));
                return placeholder(name, shape);
            }
            unused.remove(name);
            long[] found = source.shape(name);
            if (!Arrays.equals(found, shape)) {
                misshapen.add("%s: expected %s found %s".formatted(name, Shapes.text(shape), Shapes.text(found)));
                return placeholder(name, shape);
            }
            if (!device.isCpu()) {
                // In the file's dtype over the bus, converted there.
                Tensor there = device.move(source.view(name, stored(name)), precision.scalarType());
                Parameter parameter = new Parameter(name, there);
                if (mapped) {
                    parameter.freeze();
                }
                return parameter;
            }
            if (!mapped) {
                return new Parameter(name, source.read(name, precision.scalarType()));
            }
            BlockMatrix blocks = inPlace == null || precision != Precision.FP32 ? null : source.blocks(name);
            if (inPlace != null && blocks != null && inPlace.usesBlocks(blocks)) {
                kept.merge(blocks.formatName(), 1, Integer::sum);
                return new Parameter(name, blocks, inPlace::dequantized);
            }
            boolean narrow = precision == Precision.FP32
                    && shape.length == 2
                    && source.dtype(name).intern() == ScalarType.BFloat16;
            Parameter parameter =
                    new Parameter(name, source.view(name, narrow ? ScalarType.BFloat16 : precision.scalarType()));
            parameter.freeze();
            return parameter;
        }
    }

    private ScalarType stored(String name) {
        ScalarType dtype = source.dtype(name).intern();
        return dtype == ScalarType.BFloat16 || dtype == ScalarType.Half ? dtype : precision.scalarType();
    }

    /// Lets the model be built to its end, so that the error can name everything that is wrong at once.
    private Parameter placeholder(String name, long... shape) {
        Tensor one = Tensors.zeros(precision.scalarType(), 1);
        return new Parameter(name, one.expand(shape));
    }

    /// A tensor some checkpoints carry although the model does not need it.
    void superfluous(String name) {
        unused.remove(name);
    }

    /// How many matrices stay in their quantised blocks, by format.
    Map<String, Integer> kept() {
        return kept;
    }

    /// Fails unless everything was there and everything there was used.
    void finish() {
        List<String> wrong = new ArrayList<>();
        if (!missing.isEmpty()) {
            wrong.add("missing tensors: " + some(missing));
        }
        if (!misshapen.isEmpty()) {
            wrong.add("tensors of another shape than the configuration says: " + some(misshapen));
        }
        unused.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        if (!unused.isEmpty()) {
            wrong.add("tensors that a " + source.config().modelType() + " model does not have: "
                    + some(new ArrayList<>(unused)));
        }
        if (!wrong.isEmpty()) {
            throw new CheckpointException(source.where() + ": " + String.join("; ", wrong));
        }
    }

    private static String some(List<String> names) {
        String listed = String.join(", ", names.subList(0, Math.min(NAMED, names.size())));
        return names.size() <= NAMED ? listed : listed + " and " + (names.size() - NAMED) + " more";
    }
}
