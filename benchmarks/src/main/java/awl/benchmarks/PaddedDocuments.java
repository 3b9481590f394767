package awl.benchmarks;

import awl.tensor.Operator;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Packed documents through libtorch's flash kernel in one call: gathered into a rectangle, keys and values
/// repeated for the queries that share them, the results scattered. What is known of the documents is
/// prepared beforehand.
final class PaddedDocuments {

    private static final Operator FORWARD = Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu", "");
    private static final Operator BACKWARD =
            Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "");

    private final long h;
    private final long k;
    private final long e;
    private final double scale;
    private final long documents;
    private final long longest;
    /// Row of the stream for each row of the rectangle, and the other way round.
    private final Tensor gather_P;

    private final Tensor place_N;

    PaddedDocuments(long h, long k, long e, int[] start, double scale) {
        this.h = h;
        this.k = k;
        this.e = e;
        this.scale = scale;
        documents = start.length - 1;
        int most = 0;
        for (int d = 0; d < documents; d++) {
            most = Math.max(most, start[d + 1] - start[d]);
        }
        longest = most;
        int[] gather = new int[(int) documents * most];
        int[] place = new int[start[(int) documents]];
        for (int d = 0; d < documents; d++) {
            for (int t = 0; t < most; t++) {
                // Padding is a copy of the last row: causality keeps real queries from seeing it.
                gather[d * most + t] = Math.min(start[d] + t, start[d + 1] - 1);
                if (start[d] + t < start[d + 1]) {
                    place[start[d] + t] = d * most + t;
                }
            }
        }
        gather_P = Tensors.indices(gather);
        place_N = Tensors.indices(place);
    }

    private record Saved(Tensor queries, Tensor keys, Tensor values, Tensor out, Tensor logSumExp) {}

    Saved forward(Tensor projected_NW, Tensor out_NHE) {
        Tensor rectangle = projected_NW.index_select(0, gather_P);
        Tensor queries = heads(rectangle, 0, h);
        Tensor keys = repeated(heads(rectangle, h * e, k));
        Tensor values = repeated(heads(rectangle, (h + k) * e, k));
        Tensor[] results = FORWARD.call(queries, keys, values, 0.0, true, null, scale);
        out_NHE.copy_(rows(results[0]));
        return new Saved(queries, keys, values, results[0], results[1]);
    }

    void forwardAndBackward(Tensor projected_NW, Tensor gradient_NHE, Tensor out_NHE, Tensor below_NW) {
        Saved saved = forward(projected_NW, out_NHE);
        Tensor up = Tensors.zeros(ScalarType.Float, documents * longest, h * e);
        up.index_copy_(0, place_N, gradient_NHE);
        Tensor[] gradients = BACKWARD.call(
                heads(up, 0, h),
                saved.queries,
                saved.keys,
                saved.values,
                saved.out,
                saved.logSumExp,
                0.0,
                true,
                null,
                scale);
        torch.cat_out(
                below_NW,
                new TensorVector(rows(gradients[0]), rows(summed(gradients[1])), rows(summed(gradients[2]))),
                1);
    }

    /// `[D, heads, T, E]`, a view of a rectangle's columns.
    private Tensor heads(Tensor rectangle, long column, long heads) {
        long row = rectangle.size(1);
        return Tensors.strided(
                rectangle, new long[] {documents, heads, longest, e}, new long[] {longest * row, e, row, 1}, column);
    }

    private Tensor repeated(Tensor heads_DKTE) {
        return k == h
                ? heads_DKTE
                : heads_DKTE
                        .unsqueeze(2)
                        .expand(documents, k, h / k, longest, e)
                        .reshape(documents, h, longest, e);
    }

    private Tensor summed(Tensor gradient_DHTE) {
        return k == h
                ? gradient_DHTE
                : gradient_DHTE.view(documents, k, h / k, longest, e).sum(2);
    }

    /// The stream's rows of `[D, heads, T, E]`.
    private Tensor rows(Tensor heads_DHTE) {
        Tensor flat = heads_DHTE.transpose(1, 2).reshape(documents * longest, -1);
        return flat.index_select(0, place_N);
    }
}
