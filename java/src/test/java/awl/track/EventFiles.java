package awl.track;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Event files read as plain as can be: records in order, without checksums.
final class EventFiles {

    private EventFiles() {}

    static List<Path> of(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    static List<byte[]> events(Path folder) throws IOException {
        List<byte[]> events = new ArrayList<>();
        for (Path file : of(folder)) {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining()) {
                byte[] event = new byte[(int) in.getLong()];
                in.getInt();
                in.get(event).getInt();
                events.add(event);
            }
        }
        return events;
    }

    /// Steps of the events that mention a tag, in order.
    static List<Long> steps(Path folder, String tag) throws IOException {
        return events(folder).stream()
                .filter(event -> new String(event, StandardCharsets.ISO_8859_1).contains(tag))
                .map(Event::step)
                .toList();
    }
}
