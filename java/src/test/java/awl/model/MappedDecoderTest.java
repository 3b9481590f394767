package awl.model;

import static org.assertj.core.api.Assertions.assertThat;

import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// A model whose weights are views of its file computes what one with weights of its own does.
final class MappedDecoderTest {

    static final List<String> FAMILIES = Golden.FAMILIES;

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void computesTheSame(String family) {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder own = Decoder.load(source, Precision.FP32);
                Decoder mapped = Decoder.map(Checkpoint.open(golden.folder()), Precision.FP32, new TorchKernels())) {
            TokenBatch in = TokenBatch.upload(golden.batch());
            Tensor expected = own.hidden(in, Tape.none());
            Tensor found = mapped.hidden(in, Tape.none());
            assertThat(torch.allclose(found, expected, 1e-5, 1e-6, false)).isTrue();
            assertThat(mapped.trainable()).isEmpty();
            List<Segment> prompt = List.of(new Segment(0, new int[] {3, 1, 4, 1, 5}));
            try (KvCache a = own.cache(1, 8);
                    KvCache b = mapped.cache(1, 8)) {
                assertThat(torch.allclose(mapped.logits(prompt, b), own.logits(prompt, a), 1e-5, 1e-5, false))
                        .isTrue();
            }
            if (family.equals("llama_tied")) { // the one that is stored in bfloat16
                assertThat(Tensors.dtype(mapped.head().weight().value())).isEqualTo(ScalarType.BFloat16);
                assertThat(Tensors.dtype(own.head().weight().value())).isEqualTo(ScalarType.Float);
            }
        }
    }
}
