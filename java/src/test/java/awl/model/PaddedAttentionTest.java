package awl.model;

import static org.assertj.core.api.Assertions.assertThat;

import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

final class PaddedAttentionTest {

    private static final AttentionShape SHAPE = new AttentionShape(3, 3, 8, 0.3, 0, null);

    /// Lengths 5, 1, 0, 9, 4: an empty document in the middle.
    private static final int[] STARTS = {0, 5, 6, 6, 15, 19};

    @Test
    void oneCallGivesWhatACallForEachDocumentGives() {
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open()) {
            torch.manual_seed(4);
            Tensor all = torch.randn(19, SHAPE.width());
            Tensor up = torch.randn(19, SHAPE.keys());
            Tensor[] together = run(PaddedAttention.INSTANCE, all, up, STARTS);
            Tensor[] apart = run(FlashAttention.INSTANCE, all, up, STARTS);
            for (int i = 0; i < together.length; i++) {
                assertThat(together[i].sub(apart[i]).abs().max().item_double()).isLessThan(2e-6);
            }
            assertThat(apart[1].abs().max().item_double()).isGreaterThan(0.1);
        }
    }

    @Test
    void theEmptyDocumentMayBeTheLast() {
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open()) {
            int[] starts = {0, 7, 7};
            Tensor all = torch.randn(7, SHAPE.width());
            Tensor up = torch.randn(7, SHAPE.keys());
            Tensor[] together = run(PaddedAttention.INSTANCE, all, up, starts);
            Tensor[] apart = run(FlashAttention.INSTANCE, all, up, starts);
            assertThat(together[1].sub(apart[1]).abs().max().item_double()).isLessThan(2e-6);
        }
    }

    @Test
    void itIsForManyShortDocumentsOfAboutOneLength() {
        assertThat(PaddedAttention.suits(SHAPE, ScalarType.Float, STARTS)).isTrue();
        assertThat(PaddedAttention.suits(SHAPE, ScalarType.BFloat16, STARTS)).isFalse();
        assertThat(PaddedAttention.suits(SHAPE, ScalarType.Float, new int[] {0, 300, 600, 900, 1200}))
                .isFalse();
        assertThat(PaddedAttention.suits(SHAPE, ScalarType.Float, new int[] {0, 100, 101, 102, 103, 104}))
                .isFalse();
        assertThat(PaddedAttention.suits(new AttentionShape(4, 2, 8, 0.3, 0, null), ScalarType.Float, STARTS))
                .isFalse();
        assertThat(PaddedAttention.suits(new AttentionShape(3, 3, 8, 0.3, 4, null), ScalarType.Float, STARTS))
                .isFalse();
    }

    /// Output and gradient of the input.
    private static Tensor[] run(AttentionCore core, Tensor all, Tensor up, int[] starts) {
        Tensor out = Tensors.empty(ScalarType.Float, all.size(0), SHAPE.keys());
        Tensor below = Tensors.empty(ScalarType.Float, all.size(0), SHAPE.width());
        Tensor[] saved = core.forward(all, SHAPE, starts, out, true);
        core.backward(up, all, out, saved, SHAPE, starts, below);
        return new Tensor[] {out, below};
    }
}
