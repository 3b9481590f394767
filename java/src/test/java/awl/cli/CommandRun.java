package awl.cli;

import awl.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One command line, run in this process.
///
/// @param code exit code
/// @param said what it wrote to stderr
/// @param rows what it wrote to its output file
record CommandRun(int code, String said, List<Map<String, @Nullable Object>> rows) {

    /// Runs `awl COMMAND --input F --output F ...`.
    static CommandRun of(Path folder, List<String> input, String command, String... arguments) throws IOException {
        Path in = folder.resolve("in.jsonl");
        Path out = folder.resolve("out.jsonl");
        Files.deleteIfExists(out);
        Files.write(in, input);
        List<String> line = new ArrayList<>(List.of(command, "--input", in.toString(), "--output", out.toString()));
        line.addAll(List.of(arguments));
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        int code;
        try {
            code = Main.execute(line.toArray(new String[0]));
        } finally {
            System.setErr(before);
        }
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        if (Files.exists(out)) {
            for (String row : Files.readAllLines(out)) {
                rows.add(Json.object(row, "out"));
            }
        }
        return new CommandRun(code, said.toString(StandardCharsets.UTF_8), rows);
    }
}
