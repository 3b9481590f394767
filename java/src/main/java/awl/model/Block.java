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

    /// `[N, D] -> [N, D]`; of what it makes only the output and what the tape saved outlives the call.
    Value forward(Tape tape, Value x, Pass pass) {
        try (TensorScope scope = TensorScope.open()) {
            Value attended = attention.forward(tape, attentionNorm.forward(tape, x), pass);
            if (attentionPostNorm != null) {
                attended = attentionPostNorm.forward(tape, attended);
            }
            Value middle = tape.add(x, attended);
            Value fed = mlp.forward(tape, mlpNorm.forward(tape, middle), pass);
            if (mlpPostNorm != null) {
                fed = mlpPostNorm.forward(tape, fed);
            }
            Value out = tape.add(middle, fed);
            scope.keep(out.tensor());
            return out;
        }
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
