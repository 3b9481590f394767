package awl.bench;

import awl.tensor.Operator;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;

/// Libtorch's flash kernel for processors, called once a document: the fastest way libtorch has for packed documents.
///
/// Queries, keys and values lie side by side in a row, `[N, (H + 2 K) E]`, as our kernels take them.
///
/// @param heads query heads, H
/// @param kvHeads key/value heads, K
/// @param width of a head, E
/// @param documentStart first row of every document, and N
public record FlashAttention(long heads, long kvHeads, long width, int[] documentStart) {

    private static final class Operators {
        static final Operator FORWARD = Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu", "");
        static final Operator BACKWARD =
                Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "");
    }

    /// @param out_NHE written
    /// @param logSumExp_HN written
    public void forward(Tensor projected_NW, Tensor out_NHE, Tensor logSumExp_HN) {
        try (Threads.SerialBlas _ = Threads.serialBlas()) {
            for (int d = 0; d + 1 < documentStart.length; d++) {
                try (TensorScope _ = TensorScope.open()) {
                    int from = documentStart[d];
                    int length = documentStart[d + 1] - from;
                    Tensor[] results = Operators.FORWARD.call(
                            queries(projected_NW, from, length),
                            keys(projected_NW, from, length, heads * width),
                            keys(projected_NW, from, length, (heads + kvHeads) * width),
                            0.0,
                            true,
                            null,
                            1 / Math.sqrt(width));
                    queries(out_NHE, from, length).copy_(results[0]);
                    logSumExp(logSumExp_HN, from, length).copy_(results[1]);
                }
            }
        }
    }

    /// @param below_NW written
    public void backward(
            Tensor gradient_NHE, Tensor projected_NW, Tensor out_NHE, Tensor logSumExp_HN, Tensor below_NW) {
        try (Threads.SerialBlas _ = Threads.serialBlas()) {
            for (int d = 0; d + 1 < documentStart.length; d++) {
                try (TensorScope _ = TensorScope.open()) {
                    int from = documentStart[d];
                    int length = documentStart[d + 1] - from;
                    Tensor[] gradients = Operators.BACKWARD.call(
                            queries(gradient_NHE, from, length),
                            queries(projected_NW, from, length),
                            keys(projected_NW, from, length, heads * width),
                            keys(projected_NW, from, length, (heads + kvHeads) * width),
                            queries(out_NHE, from, length),
                            logSumExp(logSumExp_HN, from, length),
                            0.0,
                            true,
                            null,
                            1 / Math.sqrt(width));
                    queries(below_NW, from, length).copy_(gradients[0]);
                    collect(below_NW, from, length, heads * width, gradients[1]);
                    collect(below_NW, from, length, (heads + kvHeads) * width, gradients[2]);
                }
            }
        }
    }

    private void collect(Tensor below_NW, int from, int length, long column, Tensor gradient_KGTE) {
        long row = below_NW.size(1);
        Tensor to = Tensors.strided(
                below_NW, new long[] {kvHeads, 1, length, width}, new long[] {width, 0, row, 1}, from * row + column);
        to.copy_(gradient_KGTE.sum(new long[] {1}, true, new ScalarTypeOptional(Tensors.dtype(below_NW))));
    }

    /// `[K, G, T, E]`
    private Tensor queries(Tensor stream, int from, int length) {
        long row = stream.size(1);
        long group = heads / kvHeads;
        return Tensors.strided(
                stream,
                new long[] {kvHeads, group, length, width},
                new long[] {group * width, width, row, 1},
                from * row);
    }

    /// `[K, G, T, E]`, the same for all G.
    private Tensor keys(Tensor projected_NW, int from, int length, long column) {
        long row = projected_NW.size(1);
        return Tensors.strided(
                projected_NW,
                new long[] {kvHeads, heads / kvHeads, length, width},
                new long[] {width, 0, row, 1},
                from * row + column);
    }

    /// `[K, G, T]`
    private Tensor logSumExp(Tensor logSumExp_HN, int from, int length) {
        long n = logSumExp_HN.size(1);
        long group = heads / kvHeads;
        return Tensors.strided(logSumExp_HN, new long[] {kvHeads, group, length}, new long[] {group * n, n, 1}, from);
    }
}
