package awl.serve.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One request and its answer, on the thread of its connection.
public final class Exchange {

    private static final Map<Integer, String> REASONS = Map.ofEntries(
            Map.entry(200, "OK"),
            Map.entry(400, "Bad Request"),
            Map.entry(401, "Unauthorized"),
            Map.entry(403, "Forbidden"),
            Map.entry(404, "Not Found"),
            Map.entry(405, "Method Not Allowed"),
            Map.entry(408, "Request Timeout"),
            Map.entry(413, "Content Too Large"),
            Map.entry(415, "Unsupported Media Type"),
            Map.entry(429, "Too Many Requests"),
            Map.entry(431, "Request Header Fields Too Large"),
            Map.entry(500, "Internal Server Error"),
            Map.entry(501, "Not Implemented"),
            Map.entry(503, "Service Unavailable"),
            Map.entry(505, "HTTP Version Not Supported"));

    private final Wire wire;
    private final Head head;
    private final HttpLimits limits;
    private final Map<String, String> fields = new LinkedHashMap<>();
    private boolean bodyRead;
    private boolean keep;
    private int status;
    private boolean whole;

    Exchange(Wire wire, Head head, HttpLimits limits, boolean keep) {
        this.wire = wire;
        this.head = head;
        this.limits = limits;
        this.keep = keep && head.keepsAlive();
        this.bodyRead = head.field("content-length") == null && head.field("transfer-encoding") == null;
    }

    /// `GET`, `POST`, ...
    public String method() {
        return head.method();
    }

    /// As it was written, from `/` to before the query.
    public String path() {
        return head.path();
    }

    /// A header field of the request.
    ///
    /// @param name in lower case
    public @Nullable String field(String name) {
        return head.field(name);
    }

    /// Reads the body.
    ///
    /// @throws HttpFault where it is too large, too slow, or framed in a way that is not understood
    public byte[] body() throws IOException {
        String length = head.field("content-length");
        String coding = head.field("transfer-encoding");
        if (coding != null && length != null) {
            throw new HttpFault(400, "content-length stands beside transfer-encoding");
        }
        if (coding != null && !coding.toLowerCase(Locale.ROOT).equals("chunked")) {
            throw new HttpFault(501, "transfer-encoding: only chunked is known");
        }
        long bytes = length == null ? 0 : length(length);
        if ("100-continue".equalsIgnoreCase(head.field("expect")) && !bodyRead) {
            wire.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        long deadline = Wire.in(limits.body());
        try {
            byte[] body = coding == null ? plain((int) bytes, deadline) : chunked(deadline);
            bodyRead = true;
            return body;
        } catch (SocketTimeoutException e) {
            throw new HttpFault(
                    408, "the body did not arrive within " + limits.body().toSeconds() + " seconds");
        }
    }

    private long length(String text) {
        if (text.isEmpty() || text.length() > 18 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new HttpFault(400, "content-length: expected a whole number");
        }
        long bytes = Long.parseLong(text);
        if (bytes > limits.bodyBytes()) {
            throw tooLarge();
        }
        return bytes;
    }

    private HttpFault tooLarge() {
        return new HttpFault(413, "the body is larger than " + limits.bodyBytes() + " bytes");
    }

    private byte[] plain(int bytes, long deadline) throws IOException {
        // Memory is taken as bytes arrive, not as they are announced.
        byte[] body = new byte[Math.min(bytes, 1 << 16)];
        for (int n = 0; n < bytes; ) {
            if (n == body.length) {
                body = java.util.Arrays.copyOf(body, Math.min(bytes, 2 * n));
            }
            wire.read(body, n, body.length, deadline);
            n = body.length;
        }
        return body;
    }

    private byte[] chunked(long deadline) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int[] budget = {limits.headBytes()};
        while (true) {
            String line = Head.line(wire, budget, deadline);
            int semicolon = line.indexOf(';');
            String digits = (semicolon < 0 ? line : line.substring(0, semicolon)).strip();
            if (!digits.matches("[0-9a-fA-F]{1,7}")) {
                throw new HttpFault(400, "the size of a chunk is not a hexadecimal number");
            }
            int size = Integer.parseInt(digits, 16);
            if (size == 0) {
                break;
            }
            budget[0] += line.length() + 2; // only trailers and extensions count
            if (semicolon >= 0) {
                budget[0] -= line.length();
            }
            if (body.size() + (long) size > limits.bodyBytes()) {
                throw tooLarge();
            }
            byte[] chunk = new byte[Math.min(size, 1 << 16)];
            for (int left = size; left > 0; left -= Math.min(left, chunk.length)) {
                int count = Math.min(left, chunk.length);
                wire.read(chunk, 0, count, deadline);
                body.write(chunk, 0, count);
            }
            if (!Head.line(wire, budget, deadline).isEmpty()) {
                throw new HttpFault(400, "a chunk is longer than it says");
            }
            budget[0] += 2;
        }
        while (!Head.line(wire, budget, deadline).isEmpty()) {
            // trailers say nothing that is wanted
        }
        return body.toByteArray();
    }

    /// Has a task run, on another thread, where the client leaves before it has its answer. To be asked for once the
    /// body is read.
    public void whenGone(Runnable task) {
        wire.watch(task);
    }

    /// A header field of the answer.
    public void answerField(String name, String value) {
        fields.put(name, value);
    }

    /// Whether an answer was begun.
    public boolean isAnswered() {
        return status != 0;
    }

    /// Status of the answer; 0 while there is none.
    public int status() {
        return status;
    }

    /// Answers.
    public void answer(int code, String type, byte[] body) throws IOException {
        // What was not read cannot be told from the next request.
        keep &= bodyRead;
        fields.put("Content-Type", type);
        fields.put("Content-Length", Integer.toString(body.length));
        byte[] begin = begin(code);
        if (head.method().equals("HEAD")) { // is told of a body and not given it
            wire.write(begin);
            whole = true;
            return;
        }
        byte[] all = new byte[begin.length + body.length];
        System.arraycopy(begin, 0, all, 0, begin.length);
        System.arraycopy(body, 0, all, begin.length, body.length);
        wire.write(all);
        whole = true;
    }

    /// Begins an answer of unknown length, status 200.
    public void beginStream(String type) throws IOException {
        keep &= bodyRead && head.current();
        fields.put("Content-Type", type);
        fields.put("Cache-Control", "no-cache");
        if (head.current()) {
            fields.put("Transfer-Encoding", "chunked");
        }
        wire.write(begin(200));
    }

    /// A piece of an answer of unknown length; it is on its way when this returns.
    public void stream(byte[] piece) throws IOException {
        if (piece.length == 0) {
            return;
        }
        if (!head.current()) {
            wire.write(piece);
            return;
        }
        byte[] size = (Integer.toHexString(piece.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        byte[] chunk = new byte[size.length + piece.length + 2];
        System.arraycopy(size, 0, chunk, 0, size.length);
        System.arraycopy(piece, 0, chunk, size.length, piece.length);
        chunk[chunk.length - 2] = '\r';
        chunk[chunk.length - 1] = '\n';
        wire.write(chunk);
    }

    /// Ends an answer of unknown length.
    public void endStream() throws IOException {
        if (head.current()) {
            wire.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        whole = true;
    }

    private byte[] begin(int code) throws IOException {
        if (status != 0) {
            throw new IOException("an answer was begun already");
        }
        status = code;
        fields.put("Connection", keep ? "keep-alive" : "close");
        fields.put("X-Content-Type-Options", "nosniff");
        StringBuilder text = new StringBuilder("HTTP/1.1 ")
                .append(code)
                .append(' ')
                .append(REASONS.getOrDefault(code, "Answer"))
                .append("\r\n");
        fields.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        return text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Whether another request may follow.
    boolean goesOn() {
        return keep && whole;
    }

    /// Whether an answer was begun and not ended: only a cut connection can say so.
    boolean isBroken() {
        return status != 0 && !whole;
    }
}
