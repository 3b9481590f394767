package awl.model;

import awl.tensor.Parameter;
import awl.tensor.Tape;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The stack of a decoder, from token ids to hidden states: embedding, blocks, final norm. What tokens
/// are to each other is the [Pass]'s business.
final class Layers {

    private final Embedding embedding;
    private final List<Block> blocks;
    private final RmsNorm norm;
    private boolean recompute;

    Layers(Embedding embedding, List<Block> blocks, RmsNorm norm) {
        this.embedding = embedding;
        this.blocks = List.copyOf(blocks);
        this.norm = norm;
    }

    /// Every parameter once, adapters included, in the order of computation.
    List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(embedding.weight());
        for (Block block : blocks) {
            block.norms().forEach(each -> all.add(each.weight()));
            block.linears().forEach(linear -> all.addAll(linear.parameters()));
        }
        all.add(norm.weight());
        return all;
    }

    List<Linear> linears() {
        return blocks.stream().flatMap(block -> block.linears().stream()).toList();
    }

    /// See [Decoder#recompute].
    void recompute(boolean on) {
        recompute = on;
    }

    /// `[N] -> [N, D]`
    ///
    /// @param dtype of the activations
    Value embedded(Tape tape, Tensor tokens_N, ScalarType dtype) {
        return embedding.forward(tape, tokens_N, dtype);
    }

    /// Hidden states behind the final norm, `[N, D]`.
    Tensor hidden(Value embedded_ND, Tape tape, Pass pass) {
        return normed(through(embedded_ND, tape, pass), tape);
    }

    /// As [#hidden] where no gradient is wanted.
    ///
    /// @param rows that go through the norm; null: all
    Tensor chosen(Value embedded_ND, Pass pass, @Nullable Tensor rows) {
        Tape tape = Tape.none();
        Residual last = through(embedded_ND, tape, pass);
        return normed(rows == null ? last : last.rows(rows), tape);
    }

    private Tensor normed(Residual last, Tape tape) {
        return norm.forward(tape, last).normed().tensor();
    }

    private Residual through(Value embedded_ND, Tape tape, Pass pass) {
        Residual stream = Residual.of(embedded_ND);
        for (Block block : blocks) {
            Residual before = stream;
            if (recompute && tape.isRecording()) {
                // What is kept is one tensor a layer, so the last sum is made here.
                stream = Residual.of(tape.recomputed(
                        before.x(),
                        (on, input) ->
                                block.forward(on, Residual.of(input), pass).sum(on)));
            } else {
                stream = block.forward(tape, before, pass);
            }
            if (!tape.isRecording()) {
                before.free();
            }
        }
        return stream;
    }
}
