package awl.serve.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/// Requests of a stranger without a network: what is on the wire is an array.
public final class HttpBytes {

    private static final HttpLimits LIMITS = HttpLimits.standard().withBodyBytes(1 << 16);
    private static final Duration LONG = Duration.ofMinutes(1);

    private HttpBytes() {}

    /// Reads one request after the other, each with its body, until one is refused or the bytes end, and answers each.
    /// What was understood must say the same when it is written down plainly and read again.
    ///
    /// @throws AssertionError where it does not
    public static void read(byte[] bytes) throws IOException {
        Wire wire = new Wire(new Bytes(bytes));
        try {
            while (true) {
                Head head = Head.read(wire, LIMITS, Wire.in(LONG));
                Exchange exchange = new Exchange(wire, head, LIMITS, true);
                byte[] body = exchange.body();
                require(body.length <= LIMITS.bodyBytes(), "a body larger than allowed");
                readsAgain(head, body);
                exchange.answer(200, "text/plain", body);
                if (!exchange.goesOn()) {
                    return;
                }
            }
        } catch (HttpFault | EOFException _) {
            // Refused with a reason, or at its end.
        }
    }

    private static void readsAgain(Head head, byte[] body) throws IOException {
        StringBuilder text = new StringBuilder(head.method() + " " + head.path() + " HTTP/1.1\r\n");
        head.fields().forEach((name, value) -> {
            if (!name.equals("content-length") && !name.equals("transfer-encoding") && !name.equals("expect")) {
                text.append(name).append(": ").append(value).append("\r\n");
            }
        });
        if (!head.fields().containsKey("host")) {
            text.append("host: localhost\r\n"); // HTTP/1.0 goes without
        }
        text.append("content-length: ").append(body.length).append("\r\n\r\n");
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        plain.writeBytes(text.toString().getBytes(StandardCharsets.ISO_8859_1));
        plain.writeBytes(body);
        Wire wire = new Wire(new Bytes(plain.toByteArray()));
        HttpLimits wider = new HttpLimits(1, 4 * LIMITS.headBytes(), LIMITS.bodyBytes(), LONG, LONG, LONG, LONG);
        try {
            Head again = Head.read(wire, wider, Wire.in(LONG));
            require(again.method().equals(head.method()) && again.path().equals(head.path()), "another request line");
            for (String name : head.fields().keySet()) {
                boolean framing =
                        name.equals("content-length") || name.equals("transfer-encoding") || name.equals("expect");
                // One that stands twice, the second time empty, ends in a comma and a blank.
                String value = head.fields().getOrDefault(name, "").strip();
                require(framing || value.equals(again.fields().get(name)), "another field " + name);
            }
            require(Arrays.equals(body, new Exchange(wire, again, wider, true).body()), "another body");
        } catch (HttpFault e) {
            throw new AssertionError("what was read is refused when it is written down: " + e.reason(), e);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /// A socket whose other side has sent all it will ever send, and does not read.
    private static final class Bytes extends Socket {
        private final InputStream in;

        Bytes(byte[] bytes) {
            this.in = new ByteArrayInputStream(bytes);
        }

        @Override
        public InputStream getInputStream() {
            return in;
        }

        @Override
        public OutputStream getOutputStream() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public void setSoTimeout(int millis) {
            // there is nothing to wait for
        }
    }
}
