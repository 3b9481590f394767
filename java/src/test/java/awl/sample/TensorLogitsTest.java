package awl.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.kernel.TorchKernels;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

final class TensorLogitsTest {

    @Test
    void agreesWithThePlainComputation() {
        Random random = new Random(2);
        int vocabulary = 50_257;
        float[][] rows = new float[3][vocabulary];
        float[] flat = new float[3 * vocabulary];
        for (int row = 0; row < 3; row++) {
            for (int v = 0; v < vocabulary; v++) {
                rows[row][v] = (float) random.nextGaussian() * 5 - 20;
            }
            rows[row][777 + row] = rows[row][40_000 + row] = 9; // equal largest ones: the lower id is wanted
            System.arraycopy(rows[row], 0, flat, row * vocabulary, vocabulary);
        }
        Tensor logits = torch.tensor(flat, new TensorOptions(ScalarType.Float)).reshape(3, vocabulary);
        ArrayLogits plain = new ArrayLogits(rows);
        try (TensorLogits found = new TensorLogits(logits, new TorchKernels())) {
            float[] copy = new float[vocabulary];
            for (int row = 0; row < 3; row++) {
                assertThat(found.argmax(row)).isEqualTo(777 + row);
                assertThat(found.max(row)).isEqualTo(9);
                assertThat(found.logSumExp(row)).isCloseTo(plain.logSumExp(row), within(1e-7));
                found.copy(row, copy);
                assertThat(copy).isEqualTo(rows[row]);
            }
        }
    }

    @Test
    void aRowOfMinusInfinityOrNotANumberIsSeen() {
        Tensor logits = torch.tensor(
                        new float[] {1, Float.NaN, 2, Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY},
                        new TensorOptions(ScalarType.Float))
                .reshape(2, 3);
        try (TensorLogits found = new TensorLogits(logits, new TorchKernels())) {
            assertThat(found.logSumExp(0)).isNaN();
            assertThat(found.logSumExp(1)).isEqualTo(0);
        }
    }
}
