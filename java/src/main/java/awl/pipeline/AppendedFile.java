package awl.pipeline;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// JSON lines that grow while a stage is at work, so that a stage that was killed goes on behind the last whole line.
///
/// A line counts when its line end is there: a last line without one was cut off and is dropped, and so is one that is
/// no JSON, which a power cut can leave. A broken line with whole ones behind it is an error, for no run leaves that.
final class AppendedFile implements AutoCloseable {

    private final Path file;
    private final FileChannel out;
    private final List<Map<String, @Nullable Object>> rows;

    private AppendedFile(Path file, FileChannel out, List<Map<String, @Nullable Object>> rows) {
        this.file = file;
        this.out = out;
        this.rows = rows;
    }

    /// Opens a file to go on with it, or makes it.
    ///
    /// @param notes told of a line that was dropped
    static AppendedFile open(Path file, Consumer<String> notes) {
        try {
            Path parent = file.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            FileChannel out = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                List<Map<String, @Nullable Object>> rows = new ArrayList<>();
                long whole = read(file, rows);
                long dropped = out.size() - whole;
                if (dropped > 0) {
                    notes.accept("%s: the last line was cut off (%d bytes, after %d whole lines); it is made again"
                            .formatted(file, dropped, rows.size()));
                    out.truncate(whole);
                    out.force(true);
                }
                out.position(whole);
                return new AppendedFile(file, out, rows);
            } catch (IOException | RuntimeException e) {
                out.close();
                throw e;
            }
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }

    /// Reads what is whole of a file; of a file that is not there, nothing.
    static List<Map<String, @Nullable Object>> rows(Path file) {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        if (Files.exists(file)) {
            try {
                read(file, rows);
            } catch (IOException e) {
                throw new ConfigException(file + ": cannot be read: " + e, e);
            }
        }
        return rows;
    }

    /// @return bytes of the whole lines
    private static long read(Path file, List<Map<String, @Nullable Object>> rows) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int from = 0;
        for (int end = next(bytes, from); end >= 0; end = next(bytes, from)) {
            String line = new String(bytes, from, end - from, StandardCharsets.UTF_8);
            try {
                if (!line.isBlank()) {
                    rows.add(Json.object(line, file + ":" + (rows.size() + 1)));
                }
            } catch (DataException e) {
                if (next(bytes, end + 1) >= 0) {
                    throw e;
                }
                return from;
            }
            from = end + 1;
        }
        return from;
    }

    private static int next(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    /// What was there when the file was opened.
    List<Map<String, @Nullable Object>> before() {
        return rows;
    }

    /// Appends a row with one write; it is on disk after [#force].
    void append(Map<String, ? extends @Nullable Object> row) {
        ByteBuffer bytes = ByteBuffer.wrap((Json.write(row) + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (IOException e) {
            throw full(e);
        }
    }

    /// Forces what was appended to disk.
    void force() {
        try {
            out.force(false);
        } catch (IOException e) {
            throw full(e);
        }
    }

    private ConfigException full(IOException e) {
        return new ConfigException(
                file + ": cannot be written: " + e.getMessage()
                        + "; what is in it stays: make room and start the same command again",
                e);
    }

    @Override
    public void close() {
        try (FileChannel open = out) {
            open.force(true);
        } catch (IOException e) {
            throw full(e);
        }
    }
}
