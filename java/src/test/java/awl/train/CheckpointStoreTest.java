package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.optim.StateSection;
import awl.parallel.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CheckpointStoreTest {

    @TempDir
    Path folder;

    private static TrainingState state(long step) {
        return new TrainingState(step, 0, 8 * step, 42, 7, 1e-3, "data", 2.5, step, 2.5);
    }

    private static Map<String, Tensor> tensors(int seed) {
        torch.manual_seed(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("matrix", torch.randn(37, 11));
        tensors.put("half", torch.randn(5).to(ScalarType.BFloat16));
        tensors.put("count", torch.randn(1).sum());
        return tensors;
    }

    private CheckpointStore store() {
        return new CheckpointStore(folder.resolve("checkpoints"));
    }

    private Path file(long step, String name) {
        return folder.resolve("checkpoints/step-" + step + "/" + name);
    }

    /// Takes up the newest whole one, as a run does.
    private @Nullable TrainingState newest(Map<String, Tensor> into, Consumer<String> notes) {
        return new Resume(World.single(), store(), notes).newest(state -> {}, List.of(StateSection.of(into)));
    }

    private static void assertSame(Map<String, Tensor> tensors, Map<String, Tensor> expected, String what) {
        expected.forEach((name, tensor) -> assertThat(tensor.equal(tensors.get(name)))
                .as(what + ": " + name)
                .isTrue());
    }

    @Test
    void comesBackBitForBit() {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(3), List.of(StateSection.of(tensors(1))));
            Map<String, Tensor> into = tensors(2);
            assertThat(newest(into, note -> {})).isEqualTo(state(3));
            assertSame(into, tensors(1), "step 3");
        }
    }

    @Test
    void everyDamageIsFoundAndTheOneBeforeUsed() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            for (String name : List.of("tensors.safetensors", "state.json", "manifest.json")) {
                for (int way = 0; way < 3; way++) {
                    store().write(state(1), List.of(StateSection.of(tensors(1))));
                    store().write(state(2), List.of(StateSection.of(tensors(2))));
                    byte[] bytes = Files.readAllBytes(file(2, name));
                    switch (way) {
                        case 0 -> Files.delete(file(2, name));
                        case 1 -> Files.write(file(2, name), Arrays.copyOf(bytes, bytes.length / 2));
                        default -> Runs.flip(file(2, name), bytes.length / 2);
                    }
                    assertThePreviousIsUsed(name + " damaged in way " + way);
                }
            }
        }
    }

    private void assertThePreviousIsUsed(String what) {
        Map<String, Tensor> into = tensors(3);
        List<String> notes = new ArrayList<>();
        TrainingState found = newest(into, notes::add);
        assertThat(found).as(what).isEqualTo(state(1));
        assertSame(into, tensors(1), what);
        assertThat(notes)
                .as(what)
                .singleElement()
                .asString()
                .contains("step-2 is damaged (")
                .endsWith("); using the one before it");
    }

    /// Whatever a damaged header seems to say, of another model or of no file at all, it is damage that is told.
    @Test
    void aFlippedBitAnywhereInTheTensorsFileIsDamage() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            store().write(state(2), List.of(StateSection.of(tensors(2))));
            Path tensors = file(2, "tensors.safetensors");
            int size = (int) Files.size(tensors);
            for (int at = 0; at < size; at += at < 260 ? 1 : 97) {
                Runs.flip(tensors, at);
                assertThePreviousIsUsed("byte " + at);
                Runs.flip(tensors, at);
            }
            assertThat(newest(tensors(3), note -> {})).isEqualTo(state(2));
        }
    }

    /// Tensors that were partly filled must not be trained on.
    @Test
    void whereNothingIsWholeTheTensorsAreRefused() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            store().write(state(2), List.of(StateSection.of(tensors(2))));
            Runs.flip(file(1, "tensors.safetensors"), -1);
            Files.delete(file(2, "manifest.json"));
            List<String> notes = new ArrayList<>();
            assertThatThrownBy(() -> newest(tensors(3), notes::add))
                    .isInstanceOf(Resume.NothingWholeException.class)
                    .hasMessage("every checkpoint is damaged");
            assertThat(notes).hasSize(2);

            Files.delete(file(1, "manifest.json"));
            Map<String, Tensor> into = tensors(3);
            assertThat(newest(into, note -> {})).isNull();
            assertSame(into, tensors(3), "untouched");
        }
    }

    @Test
    void aDamagedOneIsReplacedWhenItsStepComesAgain() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            Files.delete(file(1, "manifest.json"));
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            assertThat(newest(tensors(2), note -> {})).isNotNull();
        }
    }

    @Test
    void aWriteThatWasCutShortIsNoCheckpointAndIsCleanedUp() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Path partial = Files.createDirectories(folder.resolve("checkpoints/.step-9.partial"));
            Files.writeString(partial.resolve("tensors.safetensors"), "x");
            assertThat(newest(tensors(2), note -> {})).isNull();
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            store().prune(1, null);
            assertThat(partial).doesNotExist();
        }
    }

    @Test
    void keepsTheNewestAndTheBest() {
        try (PointerScope scope = new PointerScope()) {
            for (long step : new long[] {2, 4, 6, 8, 10}) {
                store().write(state(step), List.of(StateSection.of(tensors(1))));
            }
            store().prune(2, 4L);
            assertThat(store().steps()).containsExactly(4L, 8L, 10L);
            store().prune(2, 10L);
            assertThat(store().steps()).containsExactly(8L, 10L);
        }
    }

    @Test
    void anotherModelIsRefusedByName() {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(3), List.of(StateSection.of(tensors(1))));
            Map<String, Tensor> other = tensors(1);
            other.put("matrix", torch.randn(11, 37));
            assertThatThrownBy(() -> newest(other, note -> {}))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("matrix: expected")
                    .hasMessageContaining("[11,37]");
            other.remove("matrix");
            assertThatThrownBy(() -> newest(other, note -> {})).hasMessageContaining("holds 3 tensors, this run has 2");
        }
    }

    @Test
    void largeTensorsGoThroughInPieces() {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> large = Map.of("w", torch.randn(5_000_000).mul_(new Scalar(3)));
            store().write(state(1), List.of(StateSection.of(large)));
            Map<String, Tensor> into = Map.of("w", torch.zeros(5_000_000));
            newest(into, note -> {});
            assertThat(java.util.Objects.requireNonNull(into.get("w")).equal(large.get("w")))
                    .isTrue();
        }
    }
}
