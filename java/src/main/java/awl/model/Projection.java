package awl.model;

import awl.kernel.Kernels;
import awl.tensor.BlockMatrix;
import awl.tensor.Gradient;
import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One or several [Linear] layers that read the same input, their outputs side by side in one tensor (q, k, v; gate,
/// up). A family that stores them fused (Phi-3) has one layer here; what follows cannot tell the difference.
final class Projection {

    private final List<Linear> parts;
    private final long[] start;
    private final Kernels kernels;
    /// The weights of all parts where they are blocks of a file, else null.
    private final @Nullable List<BlockMatrix> blocks;

    Projection(List<Linear> parts, Kernels kernels) {
        this.kernels = kernels;
        this.parts = List.copyOf(parts);
        this.start = new long[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            start[i + 1] = start[i] + parts.get(i).outputs();
        }
        this.blocks = blocks(parts);
    }

    private static @Nullable List<BlockMatrix> blocks(List<Linear> parts) {
        List<BlockMatrix> all = new ArrayList<>();
        for (Linear part : parts) {
            BlockMatrix matrix = part.weight().blocks();
            if (matrix != null) {
                all.add(matrix);
            }
        }
        return all.size() == parts.size() && !all.isEmpty() ? List.copyOf(all) : null;
    }

    List<Linear> parts() {
        return parts;
    }

    /// `[N, I] -> [N, sum of outputs]`
    ///
    /// @param dropoutKey_N see [Lora#apply]
    Value forward(Tape tape, Value x, @Nullable Tensor dropoutKey_N) {
        Tensor x_NI = x.tensor();
        Tensor out = Tensors.like(x_NI, x_NI.size(0), start[parts.size()]);
        List<Lora.@Nullable Saved> lows = new ArrayList<>(parts.size());
        List<Tensor> saved = new ArrayList<>();
        boolean trainable = false;
        boolean together = blocks != null || (x_NI.size(0) <= Kernels.FEW_ROWS && !roundsAdapters(x_NI));
        if (blocks != null) {
            kernels.linearBlocks(x_NI, blocks, out);
        } else if (together) {
            kernels.linear(
                    x_NI, parts.stream().map(part -> part.weight().value()).toList(), out);
        }
        for (int i = 0; i < parts.size(); i++) {
            Linear linear = parts.get(i);
            Tensor slice = slice(out, i);
            Lora adapter = linear.adapter();
            Lora.Saved low = adapter == null ? null : adapter.low(kernels, x_NI, dropoutKey_N);
            if (adapter != null && low != null) {
                Tensor up = adapter.up(kernels, x_NI);
                if (together) {
                    kernels.matrixProduct(low.low_NR(), up, 1, true, slice);
                } else {
                    kernels.lowRankProduct(x_NI, linear.transposed(), low.low_NR(), up, false, slice);
                }
            } else if (!together) {
                kernels.matrixProduct(x_NI, linear.transposed(), 1, false, slice);
            }
            if (linear.bias() != null) {
                kernels.inSequence(on -> on[0].add_(on[1]), slice, linear.bias().value());
            }
            lows.add(low);
            if (low != null) {
                saved.add(low.low_NR());
            }
            trainable |= linear.trainable();
        }
        if (!tape.records(trainable, x)) {
            return Value.constant(out);
        }
        if (trainable) {
            saved.add(x_NI);
        }
        return tape.operation(out, gradient -> backward(gradient, x, x_NI, lows), saved.toArray(new Tensor[0]));
    }

    /// Whether an adapter's part would be lost if it were added to what is rounded already: early in training it is
    /// smaller than half a step of bfloat16. Then both are one sum, [Kernels#lowRankProduct].
    private boolean roundsAdapters(Tensor x_NI) {
        return parts.stream().anyMatch(part -> part.adapter() != null) && Tensors.dtype(x_NI) == ScalarType.BFloat16;
    }

    private void backward(Gradient gradient, Value x, Tensor x_NI, List<Lora.@Nullable Saved> lows) {
        for (int i = 0; i < parts.size(); i++) {
            Linear linear = parts.get(i);
            Tensor slice = slice(gradient.tensor(), i);
            linear.weight().accumulateProduct(kernels::matrixProduct, slice.t(), x_NI);
            if (linear.bias() != null) {
                linear.bias().accumulateRows(slice);
            }
            Lora adapter = linear.adapter();
            Lora.Saved low = lows.get(i);
            if (adapter != null && low != null) {
                adapter.backward(kernels, slice, linear.weight().value(), x, x_NI, low);
            } else {
                x.accumulateProduct(
                        kernels::matrixProduct, slice, linear.weight().value());
            }
        }
    }

    private Tensor slice(Tensor whole, int part) {
        return parts.size() == 1 ? whole : whole.narrow(1, start[part], start[part + 1] - start[part]);
    }
}
