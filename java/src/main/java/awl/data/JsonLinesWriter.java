package awl.data;

import awl.ConfigException;
import awl.Json;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes JSON lines so that the file is either complete or not there.
///
/// Rows go to a file beside it, which takes the name when [#commit] is called; without that, [#close] throws
/// the rows away. What is no regular file (a pipe) is written to directly; `-` is standard output.
public final class JsonLinesWriter implements AutoCloseable {

    private final Path file;
    private final @Nullable Path part;
    private final BufferedWriter out;
    private boolean open = true;

    private JsonLinesWriter(Path file, @Nullable Path part, BufferedWriter out) {
        this.file = file;
        this.part = part;
        this.out = out;
    }

    /// Opens a file for writing; its folder is made where it is missing.
    public static JsonLinesWriter open(Path file) {
        try {
            // Redirected, /dev/stdout is the shell's file: replacing or truncating that would lose what is
            // in it.
            if (file.toString().equals("-") || file.toString().equals("/dev/stdout")) {
                return new JsonLinesWriter(
                        file,
                        null,
                        new BufferedWriter(new OutputStreamWriter(
                                new FileOutputStream(FileDescriptor.out), StandardCharsets.UTF_8)));
            }
            if (Files.isDirectory(file)) {
                throw new ConfigException(file + ": is a folder; give the name of a file to write");
            }
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                return new JsonLinesWriter(file, null, Files.newBufferedWriter(file, StandardCharsets.UTF_8));
            }
            // A symbolic link stays one: its target is replaced.
            Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
            Path folder = target.getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Path part = target.resolveSibling(
                    "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part");
            return new JsonLinesWriter(target, part, Files.newBufferedWriter(part, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }

    /// Appends one object as a line.
    public void write(Map<String, ? extends @Nullable Object> row) {
        try {
            out.write(encodable(Json.write(row)));
            out.write('\n');
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }

    /// Half a surrogate pair is no character and has no UTF-8; as an escape, JSON can say it.
    private static String encodable(String json) {
        StringBuilder out = null;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            boolean pair = i + 1 < json.length() && Character.isSurrogatePair(c, json.charAt(i + 1));
            if (Character.isSurrogate(c) && !pair) {
                out = out == null ? new StringBuilder(json.substring(0, i)) : out;
                out.append("\\u%04x".formatted((int) c));
            } else if (out != null) {
                out.append(c);
            }
            if (pair) {
                i++;
                if (out != null) {
                    out.append(json.charAt(i));
                }
            }
        }
        return out == null ? json : out.toString();
    }

    /// Hands on what has been written so far, for readers of a pipe.
    public void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }

    /// All rows are written: gives the file its name.
    public void commit() {
        try {
            out.close();
            open = false;
            if (part != null) {
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        try {
            out.close();
            if (part != null) {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }
}
