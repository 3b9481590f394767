package awl.remote;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// A server that does what servers should not, by chance and a seed: resets, status 500 and 429, garbage, half an
/// answer, a body that never ends. Otherwise it answers as it is told.
public final class FaultyServer implements AutoCloseable {

    private final ServerSocket server;
    private final Random random;
    private final double share;
    private final Answers answers;
    private final Map<String, AtomicInteger> faults = new ConcurrentHashMap<>();
    private final AtomicInteger asked = new AtomicInteger();
    private volatile String lastKey = "";
    private volatile String name = "";

    /// What it says when it behaves.
    public interface Answers {
        /// @return status, a blank, and the body
        String answer(String path, String body) throws IOException;
    }

    /// @param share of requests that go wrong
    public FaultyServer(long seed, double share, Answers answers) throws IOException {
        this.server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        this.random = new Random(seed);
        this.share = share;
        this.answers = answers;
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    /// Says from now on what it is.
    public FaultyServer named(String kind) {
        name = kind;
        return this;
    }

    /// Its root.
    public String root() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /// Requests that reached it.
    public int asked() {
        return asked.get();
    }

    /// Kinds of faults it has made.
    public Map<String, AtomicInteger> faults() {
        return faults;
    }

    /// The header `Authorization` of the last request.
    public String lastKey() {
        return lastKey;
    }

    private synchronized int fault() {
        return random.nextDouble() < share ? random.nextInt(7) : -1;
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                String line = line(in);
                if (line.isEmpty()) {
                    return;
                }
                int length = 0;
                for (String field = line(in); !field.isEmpty(); field = line(in)) {
                    String lower = field.toLowerCase(Locale.ROOT);
                    if (lower.startsWith("content-length:")) {
                        length = Integer.parseInt(field.substring(15).strip());
                    } else if (lower.startsWith("authorization:")) {
                        lastKey = field.substring(14).strip();
                    }
                }
                String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
                asked.incrementAndGet();
                if (!answer(socket, line.split(" ")[1], body)) {
                    return;
                }
            }
        } catch (IOException | InterruptedException e) {
            Thread.currentThread().interrupt(); // the client left, or we are closed
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    /// @return whether the connection stays
    private boolean answer(Socket socket, String path, String body) throws IOException, InterruptedException {
        OutputStream out = socket.getOutputStream();
        int fault = fault();
        String good = fault < 0 || fault == 4 || fault == 5 ? answers.answer(path, body) : "";
        String status = good.isEmpty() ? "" : good.substring(0, 3);
        String json = good.isEmpty() ? "" : good.substring(4);
        int bytes = json.getBytes(StandardCharsets.UTF_8).length;
        switch (fault) {
            case 0 -> {
                made("reset");
                socket.setSoLinger(true, 0);
                return false;
            }
            case 1 -> {
                made("500");
                write(out, "500", "", "{\"error\": {\"message\": \"key was " + lastKey + "\"}}", -1);
            }
            case 2 -> {
                made("429");
                write(out, "429", "Retry-After: 0\r\n", "{}", -1);
            }
            case 3 -> {
                made("garbage");
                write(out, "200", "", "<html>\u0000\u0001 not what you think", -1);
            }
            case 4 -> {
                made("half JSON");
                write(out, status, "", json.substring(0, json.length() / 2), -1);
            }
            case 5 -> {
                made("cut off");
                write(out, status, "", json.substring(0, json.length() / 2), bytes);
                return false;
            }
            case 6 -> {
                made("hangs");
                write(out, "200", "", "{", 100);
                Thread.sleep(60_000);
                return false;
            }
            default -> write(out, status, name.isEmpty() ? "" : "Server: " + name + "\r\n", json, -1);
        }
        return true;
    }

    private void made(String fault) {
        faults.computeIfAbsent(fault, key -> new AtomicInteger()).incrementAndGet();
    }

    /// @param announced length; -1 = the true one
    private static void write(OutputStream out, String status, String fields, String body, int announced)
            throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + " x\r\nContent-Type: application/json\r\n" + fields + "Content-Length: "
                + (announced < 0 ? bytes.length : announced) + "\r\n\r\n";
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(bytes);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
