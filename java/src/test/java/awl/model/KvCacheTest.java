package awl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.data.Batch;
import awl.data.Datum;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.TestedKernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;

/// Generation through the cache: reference greedy ids, and the same logits as a pass over whole documents.
final class KvCacheTest {

    static final List<String> FAMILIES = Golden.FAMILIES;
    static final List<Arguments> RUNS = Golden.RUNS;

    @ParameterizedTest
    @FieldSource("RUNS")
    void greedyIds(String family, String by) throws Exception {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of(by))) {
            int prompt = awl.Json.tree(golden.folder().resolve("cases.json"), 1 << 20)
                    .path("prompt_length")
                    .asInt();
            Tensor ids = golden.ids("greedy_ids");
            int rows = (int) ids.size(0);
            int length = (int) ids.size(1);
            int[][] expected = new int[rows][length];
            for (int r = 0; r < rows; r++) {
                for (int t = 0; t < length; t++) {
                    expected[r][t] = (int) ids.select(0, r).select(0, t).item_long();
                }
            }
            try (KvCache cache = model.cache(rows, length)) {
                int[][] made = new int[rows][];
                List<Segment> segments = new ArrayList<>();
                for (int r = 0; r < rows; r++) {
                    made[r] = Arrays.copyOf(expected[r], prompt);
                    segments.add(new Segment(r, made[r]));
                }
                for (int t = prompt; t < length; t++) {
                    try (TensorScope step = TensorScope.open()) {
                        Tensor next =
                                model.logits(segments, cache).argmax(new org.bytedeco.pytorch.LongOptional(1), false);
                        segments.clear();
                        for (int r = 0; r < rows; r++) {
                            int id = (int) next.select(0, r).item_long();
                            made[r] = Arrays.copyOf(made[r], t + 1);
                            made[r][t] = id;
                            segments.add(new Segment(r, new int[] {id}));
                        }
                    }
                }
                assertThat(made).isDeepEqualTo(expected);
            }
        }
    }

    /// Prompts in pieces, sequences of different lengths, idle slots between them, a copied prefix, a cut one:
    /// whatever the way to them, the logits behind a text are those of the text.
    @ParameterizedTest
    @FieldSource("RUNS")
    void anyOrderOfAppendingGivesTheLogitsOfTheText(String family, String by) throws Exception {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of(by));
                KvCache cache = model.cache(6, 40)) {
            assertThat(Files.exists(golden.folder())).isTrue();
            int[] a = golden.documents().get(0).inputs();
            int[] b = golden.documents().get(1).inputs();
            int[] c = golden.documents().get(2).inputs();

            // Slots 4, 0, 1 at once, in that order, with 5, all and 1 tokens.
            Tensor first =
                    model.logits(List.of(part(4, a, 0, 5), part(0, b, 0, b.length - 2), part(1, c, 0, 1)), cache);
            assertThat(Golden.worst(
                            first, expected(model, part(0, a, 0, 5), part(0, b, 0, b.length - 2), part(0, c, 0, 1))))
                    .isLessThan(2e-5);
            assertThat(cache.length(4)).isEqualTo(5);

            // One token each, and a longer piece among them.
            Tensor second = model.logits(
                    List.of(part(1, c, 1, 2), part(0, b, b.length - 2, b.length - 1), part(4, a, 5, a.length - 1)),
                    cache);
            assertThat(Golden.worst(
                            second,
                            expected(
                                    model, part(0, c, 0, 2), part(0, b, 0, b.length - 1), part(0, a, 0, a.length - 1))))
                    .isLessThan(2e-5);

            // Slot 2 begins like slot 4, slot 1 forgets its second token; then all go on by one token.
            cache.copyPrefix(4, 2, 7);
            cache.truncate(1, 1);
            Tensor third = model.logits(
                    List.of(
                            part(2, a, 7, 8),
                            part(1, c, 1, 2),
                            part(0, b, b.length - 1, b.length),
                            part(4, a, a.length - 1, a.length)),
                    cache);
            assertThat(Golden.worst(
                            third,
                            expected(
                                    model,
                                    part(0, a, 0, 8),
                                    part(0, c, 0, 2),
                                    part(0, b, 0, b.length),
                                    part(0, a, 0, a.length))))
                    .isLessThan(2e-5);
        }
    }

    /// A cache in the activations' bfloat16, as on a device: prompts and single tokens, by one kernel and
    /// by libtorch's operations. Against float64, no more than three times the error of a bfloat16 pass
    /// over the text.
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void keysAndValuesInBfloat16AreAsExactAsAPassOverTheText(String family) throws Exception {
        continued(family, ScalarType.BFloat16, 3);
    }

    /// A bfloat16 model beside a float32 cache, as in host memory, rounds nothing but its weights while it
    /// decodes: its logits are nearer to float64 than those of a bfloat16 pass over the text, or about as far.
    /// The weights' rounding is in both.
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void decodingInBfloat16RoundsTheWeightsAlone(String family) throws Exception {
        continued(family, ScalarType.Float, 1.25);
    }

    private static void continued(String family, ScalarType dtype, double factor) throws Exception {
        for (Kernels kernels : List.of(
                new TorchKernels(),
                KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO).open())) {
            try (TensorScope scope = TensorScope.open();
                    Golden golden = Golden.of(family);
                    TensorSource source = Checkpoint.open(golden.folder());
                    Decoder exact = Decoder.load(source, Precision.FP64);
                    Decoder model = Decoder.load(source, Precision.BF16, kernels);
                    KvCache cache = model.cache(3, 40, dtype)) {
                int[] a = golden.documents().get(0).inputs();
                int[] b = golden.documents().get(1).inputs();
                model.logits(List.of(part(2, a, 0, a.length - 3), part(0, b, 0, b.length - 2)), cache);
                model.logits(
                        List.of(part(2, a, a.length - 3, a.length - 1), part(0, b, b.length - 2, b.length - 1)), cache);
                Tensor last = model.logits(
                        List.of(part(0, b, b.length - 1, b.length), part(2, a, a.length - 1, a.length)), cache);
                Segment[] whole = {part(0, b, 0, b.length), part(0, a, 0, a.length)};
                Tensor truth = expected(exact, whole);
                double plain = Golden.worst(expected(model, whole).to(ScalarType.Double), truth);
                assertThat(Golden.worst(last.to(ScalarType.Double), truth))
                        .as("%s, %s; a pass over the text: %s", family, kernels.name(), plain)
                        .isLessThan(factor * plain);
            }
        }
    }

    private static Segment part(int slot, int[] tokens, int from, int to) {
        return new Segment(slot, Arrays.copyOfRange(tokens, from, to));
    }

    /// Logits behind the last token of each text, by a pass over whole documents.
    private static Tensor expected(Decoder model, Segment... texts) {
        List<Datum> documents = new ArrayList<>();
        for (Segment text : texts) {
            int[] ids = text.tokens();
            documents.add(new Datum("text", ids, ids, new float[ids.length]));
        }
        TokenBatch in = TokenBatch.upload(Batch.of(documents));
        Tensor logits = model.head().logits(model.hidden(in, Tape.none()));
        int[] last = Arrays.copyOfRange(in.documentStart(), 1, texts.length + 1);
        return logits.index_select(
                0,
                awl.tensor.Tensors.indices(
                        Arrays.stream(last).map(row -> row - 1).toArray()));
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("llama");
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32);
                KvCache cache = model.cache(2, 4)) {
            assertThatThrownBy(() -> model.logits(List.of(new Segment(0, new int[5])), cache))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("slot 0 holds 0 tokens of 4");
            assertThatThrownBy(() ->
                            model.logits(List.of(new Segment(1, new int[1]), new Segment(1, new int[1])), cache))
                    .hasMessageContaining("slot 1 twice");
            assertThatThrownBy(() -> model.logits(List.of(new Segment(0, new int[] {320})), cache))
                    .hasMessageContaining("from 0 to 319");
            assertThatThrownBy(() -> cache.copyPrefix(0, 1, 1)).hasMessageContaining("holds 0 tokens");
        }
    }
}
