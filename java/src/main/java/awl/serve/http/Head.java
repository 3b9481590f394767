package awl.serve.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Request line and header fields (RFC 9112). What is ambiguous there is refused: lines that do not end in CR LF,
/// blanks before a colon, folded fields, a length that stands twice or beside a transfer coding.
///
/// @param path without the query
/// @param current HTTP/1.1, not 1.0
/// @param fields by name in lower case; of some that stand twice the values with commas between them
record Head(String method, String path, boolean current, Map<String, String> fields) {

    /// Fields that may stand once.
    private static final Set<String> ONCE =
            Set.of("host", "content-length", "transfer-encoding", "content-type", "authorization", "expect");

    private static final String TOKEN = "!#$%&'*+-.^_`|~";
    private static final int MOST_FIELDS = 100;

    @Nullable
    String field(String name) {
        return fields.get(name);
    }

    /// Whether the client wants the connection kept.
    boolean keepsAlive() {
        String connection = fields.getOrDefault("connection", "").toLowerCase(Locale.ROOT);
        return current ? !connection.contains("close") : connection.contains("keep-alive");
    }

    /// @param deadline see [Wire]
    /// @throws HttpFault where it is no request
    static Head read(Wire wire, HttpLimits limits, long deadline) throws IOException {
        int[] budget = {limits.headBytes()};
        String line = line(wire, budget, deadline);
        if (line.isEmpty()) { // one is allowed before a request
            line = line(wire, budget, deadline);
        }
        String[] parts = line.split(" ", -1);
        if (parts.length != 3 || !isToken(parts[0]) || !parts[1].startsWith("/")) {
            throw new HttpFault(400, "the request line is not METHOD /path HTTP/1.1");
        }
        if (!parts[2].equals("HTTP/1.1") && !parts[2].equals("HTTP/1.0")) {
            throw new HttpFault(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
        }
        Map<String, String> fields = new LinkedHashMap<>();
        int count = 0;
        for (line = line(wire, budget, deadline); !line.isEmpty(); line = line(wire, budget, deadline)) {
            if (++count > MOST_FIELDS) {
                throw new HttpFault(431, "more than " + MOST_FIELDS + " header fields");
            }
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
            if (!isToken(name)) {
                throw new HttpFault(400, "a header field is not NAME: VALUE");
            }
            String value = line.substring(colon + 1).strip();
            String before = fields.put(name, value);
            if (before != null) {
                if (ONCE.contains(name)) {
                    throw new HttpFault(400, "header field " + name + " stands twice");
                }
                fields.put(name, before + ", " + value);
            }
        }
        boolean current = parts[2].equals("HTTP/1.1");
        if (current && !fields.containsKey("host")) {
            throw new HttpFault(400, "header field host is missing");
        }
        int query = parts[1].indexOf('?');
        return new Head(parts[0], query < 0 ? parts[1] : parts[1].substring(0, query), current, fields);
    }

    /// A line without its CR LF.
    ///
    /// @param budget bytes that are left, counted down
    static String line(Wire wire, int[] budget, long deadline) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(64);
        while (true) {
            int b = wire.read(deadline);
            if (--budget[0] < 0) {
                throw new HttpFault(431, "the header is too large");
            }
            if (b == '\r') {
                if (wire.read(deadline) != '\n') {
                    throw new HttpFault(400, "a carriage return without a line feed");
                }
                budget[0]--;
                return line.toString(StandardCharsets.ISO_8859_1);
            }
            if (b < ' ' && b != '\t' || b == 0x7f) {
                throw new HttpFault(400, "a control character in the header");
            }
            line.write(b);
        }
    }

    private static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars()
                        .allMatch(c -> c < 128 && (Character.isLetterOrDigit((char) c) || TOKEN.indexOf(c) >= 0));
    }
}
