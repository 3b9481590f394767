package awl.model;

import awl.tensor.Tape;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Self-attention with grouped queries (arXiv 2305.13245): projections, optional norms of heads, attention, output.
final class Attention {

    private final int layer;
    private final AttentionShape shape;
    private final Projection queryKeyValue;
    private final @Nullable HeadNorms headNorms;
    private final Projection output;

    /// @param headNorms Qwen 3's norms of query and key heads
    Attention(
            int layer,
            AttentionShape shape,
            Projection queryKeyValue,
            @Nullable HeadNorms headNorms,
            Projection output) {
        this.layer = layer;
        this.shape = shape;
        this.queryKeyValue = queryKeyValue;
        this.headNorms = headNorms;
        this.output = output;
    }

    List<Projection> projections() {
        return List.of(queryKeyValue, output);
    }

    List<RmsNorm> norms() {
        return headNorms == null ? List.of() : new ArrayList<>(headNorms.norms());
    }

    Value forward(Tape tape, Value x, Pass pass) {
        Value projected = queryKeyValue.forward(tape, x, pass.dropoutKey());
        if (headNorms != null) {
            projected = headNorms.forward(tape, projected, shape);
        }
        return output.forward(tape, pass.attend(tape, layer, shape, projected), pass.dropoutKey());
    }
}
