package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.optim.StateSection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CheckpointWriterTest {

    @TempDir
    Path folder;

    private static TrainingState state(long step) {
        return new TrainingState(step, 0, step, 42, 7, 1e-3, "data", null, null, null);
    }

    /// What training does to the tensors behind `settle` is not in the file, whether it is written at once or later.
    @Test
    void holdsWhatTheTensorsWere() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            for (boolean background : new boolean[] {true, false}) {
                CheckpointStore store = new CheckpointStore(folder.resolve("background-" + background));
                Tensor live = torch.zeros(3_000_000);
                List<StateSection> sections = List.of(StateSection.of(Map.of("live", live)));
                try (CheckpointWriter writer = new CheckpointWriter(store, background, note -> {})) {
                    for (long step = 1; step <= 4; step++) {
                        live.fill_(new Scalar((double) step));
                        writer.write(state(step), sections, 2, null);
                        writer.settle();
                        live.fill_(new Scalar(-1.0));
                    }
                }
                assertThat(store.steps()).containsExactly(3L, 4L);
                for (long step : store.steps()) {
                    store.restore(store.open(step), sections);
                    assertThat(live.eq(new Scalar((double) step)).all().item_bool())
                            .as("step " + step)
                            .isTrue();
                }
            }
        }
    }

    /// Sections may share memory: each is copied when it was collected.
    @Test
    void sectionsAreCollectedInTurn() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            CheckpointStore store = new CheckpointStore(folder);
            Tensor shared = torch.zeros(1000);
            StateSection first =
                    new StateSection(Map.of("first", shared), false, () -> shared.fill_(new Scalar(1.0)), () -> {});
            StateSection second =
                    new StateSection(Map.of("second", shared), false, () -> shared.fill_(new Scalar(2.0)), () -> {});
            try (CheckpointWriter writer = new CheckpointWriter(store, true, note -> {})) {
                writer.write(state(1), List.of(first, second), 2, null);
            }
            Tensor one = torch.zeros(1000);
            Tensor two = torch.zeros(1000);
            store.restore(
                    store.open(1),
                    List.of(StateSection.of(Map.of("first", one)), StateSection.of(Map.of("second", two))));
            assertThat(one.sum().item_double()).isEqualTo(1000);
            assertThat(two.sum().item_double()).isEqualTo(2000);
        }
    }

    @Test
    void anErrorIsSeenByTheNextCallAndToldByTheLast() throws IOException {
        Files.writeString(folder.resolve("file"), "in the way");
        try (PointerScope scope = new PointerScope()) {
            CheckpointStore store = new CheckpointStore(folder.resolve("file/checkpoints"));
            List<StateSection> sections = List.of(StateSection.of(Map.of("x", torch.zeros(3))));
            List<String> notes = new ArrayList<>();
            try (CheckpointWriter writer = new CheckpointWriter(store, true, notes::add)) {
                writer.write(state(1), sections, 2, null);
                assertThatThrownBy(writer::await)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining("cannot write checkpoint");
                writer.write(state(2), sections, 2, null);
            }
            assertThat(notes).singleElement().asString().contains("cannot write checkpoint");
        }
    }
}
