package awl.sample;

import awl.kernel.Kernels;
import awl.tensor.DeviceHandle;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Chooses the tokens of a step where its logits lie, all rows in one call of [Kernels#sample]: settings
/// and uniforms go there in one copy, ids and log-probabilities come back in one.
final class KernelSampler {

    /// temperature, top-k, top-p, min-p
    private static final int SETTINGS = 4;

    /// Out of bounds: a row that is not asked for is left alone.
    private static final double NOT_WANTED = -1;

    private KernelSampler() {}

    /// @param logits_SV float32
    /// @param draws by row
    /// @return by row; without the rows whose logits are not numbers
    static Map<Integer, Choice> choose(Kernels kernels, Tensor logits_SV, Map<Integer, Draw> draws) {
        int rows = Math.toIntExact(logits_SV.size(0));
        DeviceHandle device = DeviceHandle.of(logits_SV);
        try (TensorScope scope = TensorScope.open();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor asked = Tensors.doubles(device, asked(rows, draws));
            // The log-probabilities stand behind the ids, two in a word.
            long words = rows + (rows + 1) / 2;
            Tensor answer = Tensors.beside(logits_SV, ScalarType.Long, words);
            kernels.sample(
                    logits_SV,
                    asked.narrow(0, 0, (long) rows * SETTINGS).view(rows, SETTINGS),
                    asked.narrow(0, (long) rows * SETTINGS, rows),
                    answer.narrow(0, 0, rows),
                    answer.narrow(0, rows, words - rows).view(ScalarType.Float).narrow(0, 0, rows));
            LongBuffer read = answer.cpu().createBuffer();
            Map<Integer, Choice> chosen = new HashMap<>();
            for (int row : draws.keySet()) {
                int id = Math.toIntExact(read.get(row));
                if (id >= 0) {
                    chosen.put(row, new Choice(id, logProb(read, rows, row)));
                }
            }
            return chosen;
        }
    }

    private static double[] asked(int rows, Map<Integer, Draw> draws) {
        double[] asked = new double[rows * (SETTINGS + 1)];
        for (int row = 0; row < rows; row++) {
            Draw draw = draws.get(row);
            if (draw == null) {
                asked[row * SETTINGS] = NOT_WANTED;
                continue;
            }
            Sampling sampling = draw.sampling();
            asked[row * SETTINGS] = sampling.temperature();
            asked[row * SETTINGS + 1] = sampling.topK();
            asked[row * SETTINGS + 2] = sampling.topP();
            asked[row * SETTINGS + 3] = sampling.minP();
            asked[rows * SETTINGS + row] = draw.uniform();
        }
        return asked;
    }

    /// Little-endian, as all that libtorch's CUDA build runs on.
    private static double logProb(LongBuffer read, int rows, int row) {
        long word = read.get(rows + row / 2);
        return Float.intBitsToFloat((int) (row % 2 == 0 ? word : word >>> 32));
    }
}
