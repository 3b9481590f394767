package awl.serve.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Accepts connections and hands their requests to a handler.
public final class HttpListener implements AutoCloseable {

    /// Connections that the system holds until they are accepted.
    private static final int BACKLOG = 1024;

    /// Bytes the system takes for a client that does not read.
    private static final int SEND_BUFFER = 128 << 10;

    private final ServerSocket server;
    private final HttpLimits limits;
    private final Handler handler;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;
    private volatile boolean closed;

    /// Answers requests, each on a thread of its connection.
    public interface Handler {

        /// Answers. An [HttpFault] before the answer was begun becomes the answer; anything else 500.
        void handle(Exchange exchange) throws IOException;

        /// JSON that tells what is wrong.
        byte[] fault(int status, String reason);
    }

    private HttpListener(ServerSocket server, HttpLimits limits, Handler handler) {
        this.server = server;
        this.limits = limits;
        this.handler = handler;
    }

    /// Listens from now on.
    public static HttpListener open(InetSocketAddress address, HttpLimits limits, Handler handler) throws IOException {
        ServerSocket server = new ServerSocket();
        try {
            server.setReuseAddress(true);
            server.bind(address, BACKLOG);
        } catch (IOException e) {
            server.close();
            throw e;
        }
        HttpListener listener = new HttpListener(server, limits, handler);
        Thread.ofPlatform().daemon().name("awl-serve-accept").start(listener::accept);
        Thread.ofPlatform().daemon().name("awl-serve-stuck").start(listener::closeStuck);
        return listener;
    }

    /// Where it listens.
    public int port() {
        return server.getLocalPort();
    }

    /// Connections that are open.
    public int connections() {
        return connections.size();
    }

    private void accept() {
        while (!stopping) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                socket.setSendBufferSize(SEND_BUFFER);
                if (connections.size() >= limits.connections()) {
                    refuse(socket);
                    continue;
                }
                Connection connection = new Connection(socket, new Wire(socket));
                connections.add(connection);
                Thread.ofVirtual().name("awl-serve").start(connection);
            } catch (IOException e) {
                pause(stopping ? 0 : 50); // out of file descriptors, for instance: others will be closed
            }
        }
    }

    /// The answer fits any socket's buffer, so this cannot wait.
    private void refuse(Socket socket) throws IOException {
        try (socket) {
            byte[] body = handler.fault(503, "too many connections");
            String begin = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
                    + "Connection: close\r\nContent-Length: " + body.length + "\r\n\r\n";
            socket.getOutputStream().write(begin.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
        }
    }

    private void closeStuck() {
        while (!closed) {
            pause(500);
            for (Connection each : connections) {
                if (each.wire.stuck(limits.write())) {
                    each.wire.close();
                }
            }
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Takes no more requests and waits for those under way.
    ///
    /// @param grace after which they are cut off
    /// @return whether all were answered
    public boolean stop(Duration grace) {
        stopping = true;
        try {
            server.close();
        } catch (IOException e) {
            stopping = true; // nothing more can be done about it
        }
        long deadline = System.nanoTime() + grace.toNanos();
        while (connections.stream().anyMatch(each -> each.busy) && System.nanoTime() < deadline) {
            pause(10);
        }
        boolean all = connections.stream().noneMatch(each -> each.busy);
        close();
        return all;
    }

    @Override
    public void close() {
        stopping = true;
        closed = true;
        try {
            server.close();
        } catch (IOException e) {
            closed = true;
        }
        connections.forEach(each -> each.wire.close());
    }

    /// A client, from its first byte to its last.
    private final class Connection implements Runnable {
        private final Socket socket;
        private final Wire wire;
        private volatile boolean busy;

        Connection(Socket socket, Wire wire) {
            this.socket = socket;
            this.wire = wire;
        }

        @Override
        public void run() {
            try (socket) {
                Duration patience = limits.head();
                boolean more = true;
                while (more && wire.await(patience)) {
                    busy = true;
                    more = request();
                    busy = false;
                    patience = limits.idle();
                    more &= !stopping;
                }
                wire.linger();
            } catch (IOException e) {
                wire.close(); // the client left
            } finally {
                busy = false;
                connections.remove(this);
            }
        }

        /// @return whether another may follow
        private boolean request() throws IOException {
            Head head;
            try {
                head = Head.read(wire, limits, Wire.in(limits.head()));
            } catch (HttpFault e) {
                refuse(null, e.status(), e.reason());
                return false;
            } catch (SocketTimeoutException e) {
                refuse(
                        null,
                        408,
                        "the header did not arrive within " + limits.head().toSeconds() + " seconds");
                return false;
            }
            Exchange exchange = new Exchange(wire, head, limits, !stopping);
            try {
                handler.handle(exchange);
                if (!exchange.isAnswered()) {
                    refuse(exchange, 500, "no answer");
                }
            } catch (HttpFault e) {
                refuse(exchange, e.status(), e.reason());
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                System.getLogger("awl.serve").log(System.Logger.Level.ERROR, "a request failed", e);
                refuse(exchange, 500, "internal error");
            }
            if (exchange.isBroken()) {
                wire.close();
            }
            return exchange.goesOn();
        }

        private void refuse(@Nullable Exchange exchange, int status, String reason) throws IOException {
            if (exchange != null && exchange.isAnswered()) {
                return;
            }
            Exchange answer = exchange == null
                    ? new Exchange(wire, new Head("", "", true, java.util.Map.of()), limits, false)
                    : exchange;
            answer.answer(status, "application/json", handler.fault(status, reason));
        }
    }
}
