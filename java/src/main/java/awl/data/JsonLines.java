package awl.data;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads a file of JSON objects, one a line, one at a time.
///
/// Lines end at `\n` and nowhere else, since a text may hold U+0085 or U+2028; the file is UTF-8, with or
/// without a byte order mark. Blank lines are passed over but counted. A line longer than [#MAX_BYTES] is
/// refused before it is held in memory whole.
public final class JsonLines implements AutoCloseable {

    /// Longest line.
    public static final int MAX_BYTES = 128 << 20;

    private final String file;
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int from;
    private int to;
    private long number;

    private JsonLines(String file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /// @throws ConfigException where the file is missing or cannot be opened
    public static JsonLines open(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw new ConfigException(file + ": expected a file of JSON lines, found a folder");
            }
            return new JsonLines(file.toString(), Files.newInputStream(file));
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": there is no such file", e);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be opened: " + e, e);
        }
    }

    /// One line that is not blank.
    ///
    /// @param number counted from 1
    public record Line(String file, long number, String text) {

        /// `file:line`, for messages.
        public String where() {
            return file + ":" + number;
        }

        /// The line as a JSON object.
        ///
        /// @throws DataException with file, line and column where it is none
        public Map<String, @Nullable Object> object() {
            return Json.object(text, where());
        }

        /// An error at this line.
        public DataException wrong(String message) {
            return DataException.at(file, number, message);
        }
    }

    /// The next line that is not blank, or null at the end.
    public @Nullable Line next() {
        while (true) {
            byte[] bytes = readLine();
            if (bytes == null) {
                return null;
            }
            number++;
            String text = decode(bytes);
            if (number == 1 && text.startsWith("\uFEFF")) {
                text = text.substring(1);
            }
            if (!text.isBlank()) {
                return new Line(file, number, text);
            }
        }
    }

    private String decode(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw DataException.at(file, number, "is not UTF-8; convert the file (iconv -t UTF-8)");
        }
    }

    private byte @Nullable [] readLine() {
        ByteArrayOutputStream line = null;
        try {
            while (true) {
                if (from == to) {
                    from = 0;
                    to = Math.max(0, in.read(buffer));
                    if (to == 0) {
                        return line == null ? null : line.toByteArray();
                    }
                }
                int end = from;
                while (end < to && buffer[end] != '\n') {
                    end++;
                }
                line = line == null ? new ByteArrayOutputStream(Math.max(32, end - from)) : line;
                if (line.size() + (end - from) > MAX_BYTES) {
                    throw DataException.at(
                            file, number + 1, "is longer than %d bytes; give one row a line".formatted(MAX_BYTES));
                }
                line.write(buffer, from, end - from);
                boolean ended = end < to;
                from = ended ? end + 1 : end;
                if (ended) {
                    return line.toByteArray();
                }
            }
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be closed: " + e.getMessage(), e);
        }
    }
}
