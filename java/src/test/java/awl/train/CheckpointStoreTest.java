package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.optim.StateSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
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

    @Test
    void comesBackBitForBit() {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(3), List.of(StateSection.of(tensors(1))));
            Map<String, Tensor> into = tensors(2);
            CheckpointStore.Found found = store().newest(note -> {}).orElseThrow();
            store().restore(found, List.of(StateSection.of(into)));
            assertThat(found.state()).isEqualTo(state(3));
            tensors(1)
                    .forEach((name, tensor) ->
                            assertThat(tensor.equal(into.get(name))).as(name).isTrue());
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
                        case 1 -> Files.write(file(2, name), java.util.Arrays.copyOf(bytes, bytes.length / 2));
                        default -> {
                            bytes[bytes.length / 2] ^= 4;
                            Files.write(file(2, name), bytes);
                        }
                    }
                    List<String> notes = new ArrayList<>();
                    assertThat(store().newest(notes::add).orElseThrow().step())
                            .as(name + " damaged in way " + way)
                            .isEqualTo(1);
                    assertThat(notes).hasSize(1).first().asString().contains("step-2 is damaged");
                }
            }
        }
    }

    @Test
    void aDamagedOneIsReplacedWhenItsStepComesAgain() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            Files.delete(file(1, "manifest.json"));
            store().write(state(1), List.of(StateSection.of(tensors(1))));
            assertThat(store().newest(note -> {})).isPresent();
        }
    }

    @Test
    void aWriteThatWasCutShortIsNoCheckpointAndIsCleanedUp() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Path partial = Files.createDirectories(folder.resolve("checkpoints/.step-9.partial"));
            Files.writeString(partial.resolve("tensors.safetensors"), "x");
            assertThat(store().newest(note -> {})).isEmpty();
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
            CheckpointStore.Found found = store().newest(note -> {}).orElseThrow();
            Map<String, Tensor> other = tensors(1);
            other.put("matrix", torch.randn(11, 37));
            assertThatThrownBy(() -> store().restore(found, List.of(StateSection.of(other))))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("matrix: expected")
                    .hasMessageContaining("[11,37]");
            other.remove("matrix");
            assertThatThrownBy(() -> store().restore(found, List.of(StateSection.of(other))))
                    .hasMessageContaining("holds 3 tensors, this run has 2");
        }
    }

    @Test
    void largeTensorsGoThroughInPieces() {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> large = Map.of("w", torch.randn(5_000_000).mul_(new Scalar(3)));
            store().write(state(1), List.of(StateSection.of(large)));
            Map<String, Tensor> into = Map.of("w", torch.zeros(5_000_000));
            store().restore(store().newest(note -> {}).orElseThrow(), List.of(StateSection.of(into)));
            assertThat(java.util.Objects.requireNonNull(into.get("w")).equal(large.get("w")))
                    .isTrue();
        }
    }
}
