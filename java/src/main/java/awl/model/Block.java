package awl.model;

import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A decoder layer: `x += attention(norm(x)); x += mlp(norm(x))`, with norms behind both in Gemma 2.
final class Block {

    private final RmsNorm attentionNorm;
    private final Attention attention;
    private final @Nullable RmsNorm attentionPostNorm;
    private final RmsNorm mlpNorm;
    private final GatedMlp mlp;
    private final @Nullable RmsNorm mlpPostNorm;

    Block(
            RmsNorm attentionNorm,
            Attention attention,
            @Nullable RmsNorm attentionPostNorm,
            RmsNorm mlpNorm,
            GatedMlp mlp,
            @Nullable RmsNorm mlpPostNorm) {
        this.attentionNorm = attentionNorm;
        this.attention = attention;
        this.attentionPostNorm = attentionPostNorm;
        this.mlpNorm = mlpNorm;
        this.mlp = mlp;
        this.mlpPostNorm = mlpPostNorm;
    }

    /// Of what it makes only the stream it returns and what the tape saved outlives the call. Each norm
    /// makes the sum it reads; the last one is left to the next layer's.
    Residual forward(Tape tape, Residual in, Pass pass) {
        try (TensorScope scope = TensorScope.open()) {
            RmsNorm.Normed first = attentionNorm.forward(tape, in);
            Value attended = behind(tape, attentionPostNorm, attention.forward(tape, first.normed(), pass));
            RmsNorm.Normed second = mlpNorm.forward(tape, new Residual(first.sum(), attended));
            Value fed = behind(tape, mlpPostNorm, mlp.forward(tape, second.normed(), pass));
            scope.keep(second.sum().tensor());
            scope.keep(fed.tensor());
            return new Residual(second.sum(), fed);
        }
    }

    private static Value behind(Tape tape, @Nullable RmsNorm norm, Value branch) {
        return norm == null ? branch : norm.forward(tape, branch);
    }

    List<Linear> linears() {
        List<Linear> all = new ArrayList<>();
        attention.projections().forEach(p -> all.addAll(p.parts()));
        all.addAll(mlp.gateUp().parts());
        all.addAll(mlp.down().parts());
        return all;
    }

    List<RmsNorm> norms() {
        List<RmsNorm> all = new ArrayList<>();
        all.add(attentionNorm);
        all.addAll(attention.norms());
        if (attentionPostNorm != null) {
            all.add(attentionPostNorm);
        }
        all.add(mlpNorm);
        if (mlpPostNorm != null) {
            all.add(mlpPostNorm);
        }
        return all;
    }
}
