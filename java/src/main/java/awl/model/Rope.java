package awl.model;

import awl.ConfigException;
import awl.kernel.Kernels;
import awl.tensor.DeviceHandle;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Rotary position embedding (arXiv 2104.09864) in the half-split layout of Hugging Face: of a head's R rotated
/// numbers, number i turns together with number i + R/2.
final class Rope {

    private final RopeFrequencies frequencies;
    private final Kernels kernels;

    Rope(ModelConfig config, Kernels kernels) {
        this.kernels = kernels;
        this.frequencies = new RopeFrequencies(config);
        if (frequencies.rotated() % 2 != 0 || frequencies.rotated() < 2) {
            throw new ConfigException(
                    "head_dim %d with partial_rotary_factor %s rotates %d numbers; expected an even count"
                            .formatted(config.headDim(), config.partialRotaryFactor(), frequencies.rotated()));
        }
    }

    /// Cosine and sine of every token's angles, in float32 (float64), the second half of the sine's row holding its
    /// positive and the first its negative: `rotated = x * cos + swapped(x) * sin`.
    ///
    /// @param cos_NR [N, R]
    /// @param sin_NR [N, R]
    record Angles(Tensor cos_NR, Tensor sin_NR) {}

    /// @param positions of each token in its sequence
    /// @param start where each sequence's tokens begin, and N: sequences one after the other
    /// @param dtype of the activations that will be rotated
    /// @param device where they are
    Angles angles(int[] positions, int[] start, ScalarType dtype, DeviceHandle device) {
        float[] at = new float[positions.length];
        for (int i = 0; i < at.length; i++) {
            at[i] = positions[i];
        }
        Tensor turned_NR = frequencies.dependOnLength()
                ? turnedEach(at, start, device)
                : turned(at, 0, at.length, frequencies.inverse(1), device);
        // Angles in float32 whatever the model's precision is, because that is what models were trained with.
        double factor = frequencies.attentionFactor();
        Tensor cos = turned_NR.cos();
        Tensor sin = turned_NR.sin();
        if (factor != 1) {
            Scalar by = new Scalar(factor);
            cos.mul_(by);
            sin.mul_(by);
        }
        return new Angles(twice(cos, cos, dtype), twice(sin.neg(), sin, dtype));
    }

    private Tensor turnedEach(float[] at, int[] start, DeviceHandle device) {
        List<Tensor> parts = new ArrayList<>();
        for (int d = 0; d + 1 < start.length; d++) {
            if (start[d] < start[d + 1]) {
                int length = (int) at[start[d + 1] - 1] + 1;
                parts.add(turned(at, start[d], start[d + 1], frequencies.inverse(length), device));
            }
        }
        return torch.cat(new TensorVector(parts.toArray(new Tensor[0])), 0);
    }

    private static Tensor turned(float[] at, int from, int to, float[] inverse, DeviceHandle device) {
        Tensor positions_N1 = Tensors.floats(device, java.util.Arrays.copyOfRange(at, from, to))
                .unsqueeze(1);
        return positions_N1.mul(Tensors.floats(device, inverse).unsqueeze(0));
    }

    private static Tensor twice(Tensor first, Tensor second, ScalarType dtype) {
        Tensor whole = torch.cat(new TensorVector(first, second), 1);
        ScalarType wide = dtype == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
        return whole.to(wide);
    }

    /// Turns heads in place.
    ///
    /// @param x_NxE heads of every token, any strides, last axis contiguous
    void rotate(Tensor x_NxE, Angles angles) {
        kernels.rope(x_NxE, angles.cos_NR, angles.sin_NR, false);
    }

    /// Turns them back: the gradient of [#rotate], in place.
    void rotateBack(Tensor gradient_NxE, Angles angles) {
        kernels.rope(gradient_NxE, angles.cos_NR, angles.sin_NR, true);
    }
}
