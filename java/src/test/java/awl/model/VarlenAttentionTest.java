package awl.model;

import static org.assertj.core.api.Assertions.assertThat;

import awl.tensor.DeviceHandle;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is around libtorch's CUDA kernel: where heads lie, windows, shared keys, what is kept for the way
/// back. The kernel itself is stood in for by plain operations that do what its documentation says; it needs
/// a device.
class VarlenAttentionTest {

    private static final int[] STARTS = {0, 5, 6, 15, 19};

    /// Document by document, in float64.
    private static final class Plain implements VarlenAttention.Kernel {

        @Override
        public Tensor[] forward(Tensor queries_NHE, Tensor keys_NKE, Tensor values_NKE, VarlenAttention.Call call) {
            List<Tensor> outputs = new ArrayList<>();
            each(call, (from, length) -> {
                Tensor p = probabilities(queries_NHE, keys_NKE, call, from, length);
                Tensor out = p.bmm(heads(values_NKE, from, length, queries_NHE.size(1)));
                outputs.add(out.transpose(0, 1).to(ScalarType.BFloat16));
            });
            Tensor out = torch.cat(new TensorVector(outputs.toArray(new Tensor[0])), 0);
            return new Tensor[] {out, Tensors.floats(1), Tensors.floats(2), Tensors.floats(3), Tensors.floats(4)};
        }

        @Override
        public Tensor[] backward(
                Tensor gradient_NHE,
                Tensor queries_NHE,
                Tensor keys_NKE,
                Tensor values_NKE,
                Tensor[] saved,
                VarlenAttention.Call call) {
            assertThat(saved).hasSize(5);
            for (int i = 1; i < saved.length; i++) {
                assertThat(saved[i].item_float()).isEqualTo(i);
            }
            Tensor[] sums = {zeros(queries_NHE), zeros(keys_NKE), zeros(values_NKE)};
            long h = queries_NHE.size(1);
            long group = h / keys_NKE.size(1);
            each(call, (from, length) -> {
                Tensor p = probabilities(queries_NHE, keys_NKE, call, from, length);
                Tensor up = heads(gradient_NHE, from, length, h);
                Tensor dp = up.bmm(heads(values_NKE, from, length, h).transpose(1, 2));
                Tensor out = heads(saved[0], from, length, h);
                Tensor mean = up.mul(out).sum(new long[] {2}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
                Tensor dz = dp.sub(mean).mul(p).mul(new Scalar(call.scale()));
                add(sums[0], dz.bmm(heads(keys_NKE, from, length, h)), from, length, 1);
                add(sums[1], dz.transpose(1, 2).bmm(heads(queries_NHE, from, length, h)), from, length, group);
                add(sums[2], p.transpose(1, 2).bmm(up), from, length, group);
            });
            return sums;
        }

        private interface Document {
            void at(long from, long length);
        }

        private static void each(VarlenAttention.Call call, Document document) {
            int[] starts = Tensors.integers(call.start_S().to(ScalarType.Long));
            long longest = 0;
            for (int d = 0; d + 1 < starts.length; d++) {
                document.at(starts[d], starts[d + 1] - starts[d]);
                longest = Math.max(longest, starts[d + 1] - starts[d]);
            }
            assertThat(call.longest()).isEqualTo(longest);
        }

        private static Tensor zeros(Tensor like) {
            return like.to(ScalarType.Double).mul(new Scalar(0.0)).contiguous();
        }

        /// `[H, T, E]`, shared ones repeated.
        private static Tensor heads(Tensor stream, long from, long length, long h) {
            return stream.narrow(0, from, length)
                    .to(ScalarType.Double)
                    .repeat_interleave(
                            h / stream.size(1),
                            new org.bytedeco.pytorch.LongOptional(1),
                            new org.bytedeco.pytorch.LongOptional())
                    .transpose(0, 1)
                    .contiguous();
        }

        private static void add(Tensor sum, Tensor heads_HTE, long from, long length, long group) {
            Tensor shared =
                    heads_HTE.unflatten(0, heads_HTE.size(0) / group, group).sum(1);
            sum.narrow(0, from, length).add_(shared.transpose(0, 1));
        }

        private static Tensor probabilities(
                Tensor queries, Tensor keys, VarlenAttention.Call call, long from, long length) {
            long h = queries.size(1);
            Tensor z = heads(queries, from, length, h)
                    .bmm(heads(keys, from, length, h).transpose(1, 2))
                    .mul(new Scalar(call.scale()));
            Tensor seen = torch.ones(length, length).tril();
            Long left = call.left();
            if (left != null) {
                seen = seen.triu(-left);
            }
            return z.add(seen.log()).softmax(2);
        }
    }

    private static Tensor[] run(AttentionCore core, AttentionShape shape, Tensor all, Tensor up) {
        Tensor out = Tensors.like(all, all.size(0), shape.keys());
        Tensor below = Tensors.like(all, all.size(0), shape.width());
        Tensor[] saved = core.forward(all, shape, STARTS, out, true);
        core.backward(up, all, out, saved, shape, STARTS, below);
        return new Tensor[] {out, below};
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void itsHeadsWindowsAndGradientsAreThoseOfTheExplicitOne(int window) {
        AttentionShape shape = new AttentionShape(4, 2, 8, 0.3, window, null);
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open()) {
            torch.manual_seed(4);
            Tensor all = torch.randn(19, shape.width()).to(ScalarType.BFloat16);
            Tensor up = torch.randn(19, shape.keys()).to(ScalarType.BFloat16);
            Tensor starts = Tensors.indices(DeviceHandle.CPU, STARTS).to(ScalarType.Int);
            Tensor[] one = run(new VarlenAttention(new Plain(), starts), shape, all, up);
            Tensor[] other = run(ExplicitAttention.INSTANCE, shape, all, up);
            for (int i = 0; i < one.length; i++) {
                Tensor apart = one[i].to(ScalarType.Float).sub(other[i].to(ScalarType.Float));
                assertThat(apart.abs().max().item_double()).isLessThan(2e-2);
                assertThat(apart.norm().item_double())
                        .isLessThan(3e-3 * other[i].to(ScalarType.Float).norm().item_double());
            }
        }
    }

    @Test
    void itTakesWhatTheKernelKnows() {
        assertThat(VarlenAttention.suits(new AttentionShape(4, 2, 64, 1, 0, null), ScalarType.BFloat16))
                .isTrue();
        assertThat(VarlenAttention.suits(new AttentionShape(4, 2, 64, 1, 0, null), ScalarType.Float))
                .isFalse();
        assertThat(VarlenAttention.suits(new AttentionShape(4, 2, 64, 1, 0, 50.0), ScalarType.BFloat16))
                .isFalse();
        assertThat(VarlenAttention.suits(new AttentionShape(4, 2, 12, 1, 0, null), ScalarType.BFloat16))
                .isFalse();
        assertThat(VarlenAttention.suits(new AttentionShape(4, 2, 512, 1, 0, null), ScalarType.BFloat16))
                .isFalse();
    }

    /// Arguments are passed by position: another libtorch with another list of them would read them as
    /// something else.
    @Test
    void theOperatorsHaveTheArgumentsThatAreGiven() {
        assertThat(schema("aten::_flash_attention_forward"))
                .contains("Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q,"
                        + " SymInt max_k, float dropout_p, bool is_causal, bool return_debug_mask, *, float? scale=None,"
                        + " SymInt? window_size_left=None, SymInt? window_size_right=None, Tensor? seqused_k=None,"
                        + " Tensor? alibi_slopes=None) -> (Tensor output, Tensor softmax_logsumexp, Tensor rng_state,"
                        + " Tensor unused, Tensor debug_attn_mask)");
        assertThat(schema("aten::_flash_attention_backward"))
                .contains(
                        "Tensor grad_out, Tensor query, Tensor key, Tensor value, Tensor out, Tensor logsumexp,"
                                + " Tensor cum_seq_q, Tensor cum_seq_k, SymInt max_q, SymInt max_k, float dropout_p,"
                                + " bool is_causal, Tensor rng_state, Tensor unused, *, float? scale=None,"
                                + " SymInt? window_size_left=None, SymInt? window_size_right=None) -> (Tensor, Tensor, Tensor)");
    }

    private static String schema(String operator) {
        try (TensorScope scope = TensorScope.open()) {
            return Dispatcher.singleton()
                    .findSchemaOrThrow(operator, "")
                    .dumpState()
                    .getString();
        }
    }
}
