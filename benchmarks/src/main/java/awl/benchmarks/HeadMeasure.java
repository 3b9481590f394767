package awl.benchmarks;

import awl.kernel.HeadCase;
import awl.kernel.HeadLoss;
import awl.kernel.HeadOptions;
import awl.kernel.Kernels;
import awl.tensor.HostMemory;
import awl.tensor.Threads;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Our loss head for `peers/compare.py`, beside `peers/head.py`: the same shapes, the same share of learned rows, loss
/// and both gradients, one line of JSON.
///
/// The workspace is what the peak grows by over inputs, less dH, which is handed back. The gradient of the head is
/// memory that is there already, as after the first step of a run; ours adds to it.
public final class HeadMeasure {

    private HeadMeasure() {}

    public static void main(String[] arguments) {
        Map<String, String> named = new HashMap<>(Map.of(
                "--active",
                "1.0",
                "--rows",
                "1024",
                "--width",
                "576",
                "--vocabulary",
                "49152",
                "--threads",
                "2",
                "--steps",
                "5",
                "--warmup",
                "1",
                "--frozen",
                "false"));
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            if (named.replace(arguments[i], arguments[i + 1]) == null) {
                System.err.println("head: expected " + named.keySet() + " with a value each, got " + arguments[i]);
                System.exit(2);
            }
        }
        Threads.set(number(named, "--threads"));
        int rows = number(named, "--rows");
        int width = number(named, "--width");
        int vocabulary = number(named, "--vocabulary");
        boolean frozen = Boolean.parseBoolean(named.get("--frozen"));
        int active = (int) Math.round(rows * Double.parseDouble(Objects.requireNonNull(named.get("--active"))));
        Kernels kernels = Machine.kernels("native");
        HeadCase.Inputs in =
                HeadCase.of("benchmark", rows, width, vocabulary, active).inputs();
        Tensor weights_N = torch.zeros(rows);
        weights_N.index_copy_(0, in.activeRows_A(), torch.ones(active).div_(new Scalar((double) active)));
        Tensor gradient_VD = torch.zeros(vocabulary, width);
        gradient_VD.fill_(new Scalar(0.0));
        // Thread pools and code are there before memory is looked at.
        torch.matmul(torch.randn(256, 256), torch.randn(256, 256)).exp_();
        double before = HostMemory.residentMib();
        Machine.resetPeak();

        int warmup = number(named, "--warmup");
        List<String> seconds = new ArrayList<>();
        double loss = 0;
        for (int step = 0; step < warmup + number(named, "--steps"); step++) {
            long start = System.nanoTime();
            try (PointerScope _ = new PointerScope()) {
                HeadLoss result = kernels.linearCrossEntropy(
                        in.hidden_ND(),
                        in.weight_VD(),
                        in.target_N(),
                        weights_N,
                        in.activeRows_A(),
                        frozen ? null : gradient_VD,
                        HeadOptions.standard());
                loss = result.lossSum().item_double();
            }
            if (step >= warmup) {
                seconds.add(String.valueOf((System.nanoTime() - start) / 1e9));
            }
        }
        double above = HostMemory.peakMib() - before - rows * (double) width * Float.BYTES / (1 << 20);
        System.out.printf(
                Locale.ROOT,
                "{\"name\": \"awl head, %s\", \"dtype\": \"fp32\", \"seconds\": [%s], \"rows\": %d,"
                        + " \"active_rows\": %d, \"loss\": %s, \"memory_above_inputs_mib\": %.1f}%n",
                kernels.name(),
                String.join(", ", seconds),
                rows,
                active,
                loss,
                above);
    }

    private static int number(Map<String, String> named, String key) {
        return Integer.parseInt(Objects.requireNonNull(named.get(key)));
    }
}
