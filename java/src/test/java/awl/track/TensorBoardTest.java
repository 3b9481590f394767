package awl.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bytes as TensorBoard's own writer makes them, and files of a run that was killed and resumed.
final class TensorBoardTest {

    /// Of tensorboard 2.21: `Event(wall_time=1.5, step=300, ...).SerializeToString()`, without the nine bytes of the
    /// time.
    private static final String SCALARS =
            "10ac022a260a110a0a747261696e2f6c6f737315000010400a110a0a747261696e2f6e6f726d15000080bf";

    @TempDir
    Path folder;

    private static String withoutTime(byte[] event) {
        assertThat(event[0]).isEqualTo((byte) 9);
        return HexFormat.of().formatHex(event, 9, event.length);
    }

    @Test
    void messagesAreThoseOfTheRealWriter() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("train/loss", 2.25);
        values.put("train/norm", -1.0);
        assertThat(withoutTime(Event.scalars(300, values))).isEqualTo(SCALARS);
        assertThat(withoutTime(Event.start(7))).isEqualTo("10073a020801");
        assertThat(withoutTime(Event.version())).isEqualTo("1a0d627261696e2e4576656e743a32");
        assertThat(withoutTime(Event.markdown(0, "config", "a: 1")))
                .isEqualTo("2a240a220a06636f6e666967420e08071204120208014204613a20314a080a060a0474657874");
    }

    @Test
    void recordsAreFramedLikeTheRealWriters() throws IOException {
        String event = "09000000000000f83f" + SCALARS;
        Path file = folder.resolve("record");
        try (RecordFile records = RecordFile.create(file)) {
            records.append(HexFormat.of().parseHex(event));
        }
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(file)))
                .isEqualTo("34000000000000005e33175c" + event + "9eb85605");
    }

    private TensorBoard board() {
        return new TensorBoard(folder, new RunFacts(folder, "a: 1\n", Map.of("a", "1"), Map.of("os", "x|y")));
    }

    private static void tell(Tracker tracker, long from, long to) {
        for (long step = from; step <= to; step++) {
            tracker.record(step, Map.of("train/loss", 1.0 / step));
        }
    }

    @Test
    void aResumedRunHasEveryStepOnce() throws IOException {
        TensorBoard killed = board();
        killed.begin(-1);
        tell(killed, 1, 15);
        killed.end(Tracker.End.FAILED);
        Path first = EventFiles.of(folder).getFirst();
        Files.write(first, new byte[] {52, 0, 0}, StandardOpenOption.APPEND); // cut short by the kill

        TensorBoard resumed = board();
        resumed.begin(14);
        tell(resumed, 15, 20);
        resumed.end(Tracker.End.FINISHED);

        assertThat(EventFiles.of(folder)).hasSize(2).startsWith(first);
        assertThat(EventFiles.steps(folder, "train/loss"))
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 20).boxed().toList());
        assertThat(EventFiles.events(folder).stream()
                        .filter(event -> Arrays.equals(
                                Arrays.copyOfRange(event, 9, event.length),
                                HexFormat.of().parseHex("100f3a020801"))))
                .as("readers that saw step 15 forget it")
                .hasSize(1);
    }

    @Test
    void aRunFromTheBeginningLeavesNothingOfTheOneBefore() throws IOException {
        for (int i = 0; i < 2; i++) {
            TensorBoard board = board();
            board.begin(-1);
            tell(board, 1, 3 - i);
            board.end(Tracker.End.STOPPED);
        }
        assertThat(EventFiles.steps(folder, "train/loss")).isEqualTo(List.of(1L, 2L));
    }

    @Test
    void aDamagedRecordEndsWhatIsKept() throws IOException {
        TensorBoard board = board();
        board.begin(-1);
        tell(board, 1, 9);
        board.end(Tracker.End.STOPPED);
        Path file = EventFiles.of(folder).getFirst();
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 6] ^= 1; // in the data of step 9
        Files.write(file, bytes);
        TensorBoard again = board();
        again.begin(9);
        again.end(Tracker.End.STOPPED);
        assertThat(EventFiles.steps(folder, "train/loss"))
                .isEqualTo(LongStream.rangeClosed(1, 8).boxed().toList());
    }

    @Test
    void aTrackerThatFailsIsLeftOutAndSaidOnce() throws IOException {
        Files.writeString(folder.resolve("tensorboard"), "in the way");
        List<String> notes = new java.util.ArrayList<>();
        Tracker tracker = Trackers.of(
                new TrackConfig(true, null, null), new RunFacts(folder, "", Map.of(), Map.of()), Map.of(), notes::add);
        tracker.begin(-1);
        tell(tracker, 1, 3);
        tracker.end(Tracker.End.FINISHED);
        assertThat(notes).singleElement().asString().contains("tracking.tensorboard", "training goes on without it");
    }
}
