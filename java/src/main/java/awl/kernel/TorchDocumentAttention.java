package awl.kernel;

import awl.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// [Kernels#documentAttention] document by document in libtorch operations, all scores of one at once.
record TorchDocumentAttention(DocumentAttentionArguments.Heads shape, AttentionScores scores) {

    /// One document's share of the tensors: `[K, G T, E]` queries and `[K, T, E]` keys and values.
    private record Part(Tensor queries_KQE, Tensor keys_KTE, Tensor values_KTE) {}

    void forward(Tensor projected_NW, int[] documentStart, Tensor out_NHE, Tensor logSumExp_HN) {
        for (int d = 0; d + 1 < documentStart.length; d++) {
            long from = documentStart[d];
            long length = documentStart[d + 1] - from;
            if (length == 0) {
                continue;
            }
            Part part = part(projected_NW, from, length);
            Tensor z = capped(products(part)).add(mask(length, part));
            Tensor sums = z.logsumexp(new long[] {2}, false);
            Tensor out = torch.bmm(torch.softmax(z, 2), part.values_KTE);
            rows(out_NHE, from, length).copy_(ungrouped(out, length));
            logSumExp_HN.narrow(1, from, length).copy_(sums.reshape(shape.heads(), length));
        }
    }

    void backward(Tensor gradient_NHE, Tensor projected_NW, int[] documentStart, Tensor below_NW) {
        for (int d = 0; d + 1 < documentStart.length; d++) {
            long from = documentStart[d];
            long length = documentStart[d + 1] - from;
            if (length == 0) {
                continue;
            }
            Part part = part(projected_NW, from, length);
            Tensor up = grouped(gradient_NHE.narrow(0, from, length), length);
            Tensor products = products(part);
            Tensor p = torch.softmax(capped(products).add(mask(length, part)), 2);
            Tensor dp = torch.bmm(up, part.values_KTE.transpose(1, 2));
            Tensor mean = dp.mul(p).sum(new long[] {2}, true, new ScalarTypeOptional());
            Tensor dz = dp.sub(mean).mul(p);
            if (scores.softCap() != null) {
                Tensor squashed = products.div(new Scalar(scores.softCap())).tanh();
                dz = dz.mul(squashed.square().neg().add(new Scalar(1.0)));
            }
            dz.mul_(new Scalar(scores.scale()));
            Tensor to = below_NW.narrow(0, from, length);
            long queries = shape.heads() * shape.width();
            long keys = shape.kvHeads() * shape.width();
            rows(to.narrow(1, 0, queries), 0, length).copy_(ungrouped(torch.bmm(dz, part.keys_KTE), length));
            keyRows(to.narrow(1, queries, keys), length).copy_(torch.bmm(dz.transpose(1, 2), part.queries_KQE));
            keyRows(to.narrow(1, queries + keys, keys), length).copy_(torch.bmm(p.transpose(1, 2), up));
        }
    }

    private Part part(Tensor projected_NW, long from, long length) {
        Tensor own = projected_NW.narrow(0, from, length);
        long queries = shape.heads() * shape.width();
        long keys = shape.kvHeads() * shape.width();
        return new Part(
                grouped(own.narrow(1, 0, queries), length),
                keyRows(own.narrow(1, queries, keys), length),
                keyRows(own.narrow(1, queries + keys, keys), length));
    }

    private Tensor products(Part part) {
        return torch.bmm(part.queries_KQE, part.keys_KTE.transpose(1, 2)).mul_(new Scalar(scores.scale()));
    }

    private Tensor capped(Tensor products) {
        if (scores.softCap() == null) {
            return products;
        }
        Scalar cap = new Scalar(scores.softCap());
        return products.div(cap).tanh_().mul_(cap);
    }

    /// `[1, G T, T]`: 0 where a query sees a key, else minus infinity.
    private Tensor mask(long length, Part part) {
        Tensor seen = Tensors.beside(part.queries_KQE, ScalarType.Float, length, length)
                .fill_(new Scalar(1.0))
                .tril();
        if (scores.window() > 0) {
            seen = seen.triu(1 - scores.window());
        }
        Tensor mask = seen.log().to(Arguments.dtype(part.queries_KQE));
        return mask.repeat(shape.heads() / shape.kvHeads(), 1).unsqueeze(0);
    }

    /// `[T, H E]` as `[K, G T, E]`.
    private Tensor grouped(Tensor rows, long length) {
        return rows.reshape(length, shape.heads(), shape.width())
                .transpose(0, 1)
                .reshape(shape.kvHeads(), -1, shape.width());
    }

    private Tensor ungrouped(Tensor heads_KQE, long length) {
        return heads_KQE.reshape(shape.heads(), length, shape.width()).transpose(0, 1);
    }

    /// `[T, H, E]`, a view.
    private Tensor rows(Tensor stream, long from, long length) {
        return stream.narrow(0, from, length).unflatten(1, shape.heads(), shape.width());
    }

    /// `[K, T, E]`, a view.
    private Tensor keyRows(Tensor columns, long length) {
        return columns.unflatten(1, shape.kvHeads(), shape.width()).transpose(0, 1);
    }
}
