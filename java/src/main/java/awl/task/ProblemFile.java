package awl.task;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import awl.data.JsonLines;
import awl.data.JsonLinesWriter;
import awl.task.gsm8k.Gsm8kProblems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Files of problems: JSON lines as this class writes them, JSON lines of a user, JSON arrays and the
/// layouts of public sets (see `ProblemRow`), GSM8K.
public final class ProblemFile {

    private ProblemFile() {}

    /// One row.
    ///
    /// @param where file and line, or file and place in the array
    /// @param problem null where the row is wrong
    /// @param error what is wrong, with the field; null where nothing is
    public record Row(
            String where,
            @Nullable Problem problem,
            @Nullable String error) {}

    /// Every problem of a file.
    ///
    /// @throws DataException at the first row that is wrong
    public static List<Problem> read(Path file) {
        List<Problem> problems = new ArrayList<>();
        for (Row row : rows(file)) {
            if (row.problem == null) {
                throw new DataException(String.valueOf(row.error));
            }
            problems.add(row.problem);
        }
        return problems;
    }

    /// Every row of a file, the wrong ones too.
    public static List<Row> rows(Path file) {
        List<Row> rows = new ArrayList<>();
        Map<String, String> ids = new HashMap<>();
        if (isArray(file)) {
            Object value;
            try {
                value = Json.parse(Files.readString(file), file.toString());
            } catch (IOException e) {
                throw new ConfigException(file + ": cannot be read: " + e, e);
            }
            List<?> items = value instanceof List<?> list ? list : List.of();
            for (int i = 0; i < items.size(); i++) {
                String where = file + "[" + i + "]";
                Object item = items.get(i);
                rows.add(row(() -> Json.asObject(item, where), where, file, i + 1, ids));
            }
        } else {
            try (JsonLines lines = JsonLines.open(file)) {
                for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                    JsonLines.Line here = line;
                    rows.add(row(here::object, here.where(), file, here.number(), ids));
                }
            }
        }
        if (rows.isEmpty()) {
            throw new DataException(file + ": holds no problems");
        }
        return rows;
    }

    private interface Source {
        Map<String, @Nullable Object> object();
    }

    private static Row row(Source source, String where, Path file, long number, Map<String, String> ids) {
        try {
            Map<String, @Nullable Object> object = source.object();
            String set = stem(file);
            Problem problem = Gsm8kProblems.isOne(object)
                    ? Gsm8kProblems.read(object, where, "gsm8k-" + number)
                    : ProblemRow.read(object, where, set, number);
            String other = ids.putIfAbsent(problem.id(), where);
            if (other != null) {
                return new Row(where, null, "%s: id: '%s' is already that of %s".formatted(where, problem.id(), other));
            }
            return new Row(where, problem, null);
        } catch (DataException e) {
            return new Row(where, null, e.getMessage());
        }
    }

    private static boolean isArray(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (java.io.InputStream in = Files.newInputStream(file)) {
            int c = in.read();
            while (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0xEF || c == 0xBB || c == 0xBF) {
                c = in.read();
            }
            return c == '[';
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e, e);
        }
    }

    private static String stem(Path file) {
        String name = String.valueOf(file.getFileName());
        int point = name.indexOf('.');
        return point > 0 ? name.substring(0, point) : name;
    }

    /// Writes problems as JSON lines; the file is complete or not there.
    public static void write(Path file, List<Problem> problems) {
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            for (Problem problem : problems) {
                out.write(ProblemJson.write(problem));
            }
            out.commit();
        }
    }
}
