package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.Json;
import awl.TrackerPython;
import awl.optim.StateSection;
import awl.tensor.Safetensors;
import awl.tensor.Shapes;
import awl.tensor.Tensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StateSnapshotTest {

    private static final int MANY = 9_000_001; // more than two blocks, and no whole number of them

    @TempDir
    Path folder;

    private static Map<String, Tensor> tensors(double value) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("large", torch.full(new long[] {MANY}, new Scalar(value)));
        tensors.put("none", torch.zeros(0));
        for (int i = 0; i < 12; i++) {
            tensors.put("small" + i, torch.full(new long[] {1001 * i + 1}, new Scalar(value)));
        }
        tensors.put("last", torch.full(new long[] {MANY / 3}, new Scalar(value)));
        return tensors;
    }

    private static void fill(Map<String, Tensor> tensors, double value) {
        tensors.values().forEach(tensor -> tensor.fill_(new Scalar(value)));
    }

    private void holds(Path file, double value) throws IOException {
        Map<String, Tensor> found = tensors(-7);
        StateFile.read(file, List.of(StateSection.of(found)));
        found.forEach(
                (name, tensor) -> assertThat(tensor.eq(new Scalar(value)).all().item_bool())
                        .as(name)
                        .isTrue());
    }

    /// At whatever moment the update comes, the file holds what was before it.
    @Test
    void updatesMayComeAnyTimeBehindSettle() throws IOException {
        Map<String, Tensor> copies = new HashMap<>();
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> live = tensors(0);
            for (int round = 0; round < 12; round++) {
                fill(live, round);
                StateSnapshot snapshot = new StateSnapshot(List.of(StateSection.of(live)), copies);
                Path file = folder.resolve("state-" + round);
                CompletableFuture<Long> sum = CompletableFuture.supplyAsync(() -> {
                    try {
                        return snapshot.write(file);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                for (int spin = 0; spin < round * round * 1000; spin++) {
                    Thread.onSpinWait();
                }
                snapshot.settle();
                fill(live, -1);
                assertThat(sum.join()).isEqualTo(StateFile.checksum(file));
                holds(file, round);
                Files.delete(file);
            }
        }
        copies.values().forEach(Tensor::close);
    }

    /// Everything copied before the writer begins, as on a disk that hangs; and nothing copied, as on a fast one.
    @Test
    void copiesOnlyWhatIsLeft() throws IOException {
        Map<String, Tensor> copies = new HashMap<>();
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> live = tensors(1);
            StateSnapshot fast = new StateSnapshot(List.of(StateSection.of(live)), copies);
            fast.write(folder.resolve("fast"));
            fast.settle();
            assertThat(copies).isEmpty();

            StateSnapshot slow = new StateSnapshot(List.of(StateSection.of(live)), copies);
            slow.settle();
            assertThat(copies).hasSameSizeAs(live);
            fill(live, 2);
            slow.write(folder.resolve("slow"));
            assertThat(folder.resolve("slow")).hasSameBinaryContentAs(folder.resolve("fast"));
        }
        copies.values().forEach(Tensor::close);
    }

    /// The layout and the checksum, read without our own reader; sizes around the borders of blocks.
    @Test
    void theFileIsSafetensorsAndItsSumIsThatOfItsBytes() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            List<Long> odd = new ArrayList<>();
            for (long numbers : new long[] {1, 262_143, 262_144, 4_194_303, 4_194_304, 8_388_609}) {
                Tensor tensor = torch.arange(new Scalar(numbers)).to(ScalarType.Float);
                Path file = folder.resolve("sized-" + numbers);
                long sum = StateFile.write(file, List.of(StateSection.of(Map.of("t", tensor))));
                byte[] bytes = Files.readAllBytes(file);
                CRC32C expected = new CRC32C();
                expected.update(bytes);
                assertThat(sum).isEqualTo(expected.getValue());
                assertThat(StateFile.checksum(file)).isEqualTo(sum);
                ByteBuffer data = ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
                int begin = Long.BYTES + (int) data.getLong(0);
                assertThat(bytes.length).isEqualTo(begin + 4 * numbers);
                for (int i = 0; i < numbers; i++) {
                    if (data.getFloat(begin + 4 * i) != i) {
                        odd.add(numbers);
                        break;
                    }
                }
                Tensor back = Tensors.zeros(ScalarType.Float, numbers);
                StateFile.read(file, List.of(StateSection.of(Map.of("t", back))));
                assertThat(back.equal(tensor)).isTrue();
            }
            assertThat(odd).isEmpty();
        }
    }

    /// All that a checkpoint can hold: matrices, a number, nothing at all, half precision, names with any letters.
    private static Map<String, Tensor> ofEveryKind() {
        torch.manual_seed(3);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("model.layers.0.w", torch.randn(37, 11));
        tensors.put("half", torch.randn(5, 1, 3).to(ScalarType.BFloat16));
        tensors.put("none", torch.zeros(0, 4));
        tensors.put("count", torch.randn(1).sum());
        tensors.put("\"quoted\" und ähnlich", torch.arange(new Scalar(9)).to(ScalarType.Long));
        return tensors;
    }

    /// By the reader of model files, which is as strict as the format's own.
    @Test
    void ourReaderOfModelsFindsTheSameTensors() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Path file = folder.resolve("state.safetensors");
            StateFile.write(file, List.of(StateSection.of(ofEveryKind())));
            try (Safetensors found = Safetensors.open(file)) {
                assertThat(found.names())
                        .containsExactlyElementsOf(ofEveryKind().keySet());
                ofEveryKind()
                        .forEach((name, tensor) -> assertThat(found.view(name).equal(tensor))
                                .as(name)
                                .isTrue());
            }
        }
    }

    /// By Python's safetensors.
    @Test
    void pythonFindsTheSameTensors() throws IOException, InterruptedException {
        try (PointerScope scope = new PointerScope()) {
            Path file = folder.resolve("state.safetensors");
            StateFile.write(file, List.of(StateSection.of(ofEveryKind())));
            Map<String, @Nullable Object> seen =
                    TrackerPython.run("safetensors", "train/read_state.py", "", file.toString());
            assertThat(seen.keySet())
                    .containsExactlyInAnyOrderElementsOf(ofEveryKind().keySet());
            ofEveryKind().forEach((name, tensor) -> {
                Map<String, @Nullable Object> found = Json.asObject(seen.get(name), name);
                assertThat(found.get("dtype")).as(name).isEqualTo(StateHeader.dtype(tensor));
                assertThat(found.get("shape")).as(name).hasToString(Arrays.toString(Shapes.of(tensor)));
                assertThat(((Number) java.util.Objects.requireNonNull(found.get("sum"))).doubleValue())
                        .as(name)
                        .isCloseTo(tensor.to(ScalarType.Double).sum().item_double(), within(1e-9));
                CRC32 crc = new CRC32();
                if (tensor.numel() > 0) {
                    crc.update(StateFile.piece(tensor, 0));
                }
                assertThat(found.get("crc")).as(name).isEqualTo(crc.getValue());
            });
        }
    }

    /// Tensors asked for in another order than they lie in the file; the checksum is that of the file all the same.
    @Test
    void readsInAnyOrder() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> written = new LinkedHashMap<>();
            for (int i = 0; i < 9; i++) {
                written.put("t" + i, torch.full(new long[] {2_500_000}, new Scalar((double) i)));
            }
            Path file = folder.resolve("state");
            long sum = StateFile.write(file, List.of(StateSection.of(written)));
            Map<String, Tensor> backwards = new LinkedHashMap<>();
            for (int i = 8; i >= 0; i--) {
                backwards.put("t" + i, torch.zeros(2_500_000));
            }
            try (BlockReader from = new BlockReader(file)) {
                StateFile.read(from, List.of(StateSection.of(backwards)));
                assertThat(from.checksum()).isEqualTo(sum);
            }
            written.forEach(
                    (name, tensor) -> assertThat(tensor.equal(java.util.Objects.requireNonNull(backwards.get(name))))
                            .as(name)
                            .isTrue());
        }
    }
}
