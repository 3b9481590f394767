package awl.serve.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The bytes of one connection. Every read has a moment by which it must be done; how long a write has been waiting is
/// there for others to see ([#stuck]), for a socket's writes cannot be limited. One thread reads and writes; while it
/// is busy, [#watch] lets another wait for the client's next byte or its end.
final class Wire {

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final byte[] buffer = new byte[8192];
    private int at;
    private int end;
    private boolean ended;
    private @Nullable Thread watcher;
    private volatile long writingSince;

    Wire(Socket socket) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
    }

    /// The moment so long from now, for the methods that take one.
    static long in(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    /// Waits for a byte without taking it.
    ///
    /// @return whether there is one; false where the client is gone or the time is over
    boolean await(Duration time) throws IOException {
        Thread watching = watcher;
        if (watching != null) {
            try {
                if (!watching.join(time)) {
                    return false;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
            watcher = null;
        }
        try {
            return at < end || fill(in(time));
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    /// Waits on a thread of its own for the client's next byte.
    ///
    /// @param gone run where the client leaves instead
    void watch(Runnable gone) {
        if (watcher != null || at < end) {
            return;
        }
        watcher = Thread.ofVirtual().name("awl-serve-watch").start(() -> {
            try {
                socket.setSoTimeout(0);
                int count = in.read(buffer);
                ended = count < 0;
                at = 0;
                end = Math.max(0, count);
            } catch (IOException e) {
                ended = true;
            }
            if (ended) {
                gone.run();
            }
        });
    }

    /// @return false at the end
    private boolean fill(long deadline) throws IOException {
        if (ended) {
            return false;
        }
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
            throw new SocketTimeoutException("the time is over");
        }
        socket.setSoTimeout((int) Math.min(millis, Integer.MAX_VALUE));
        int count = in.read(buffer);
        ended = count < 0;
        at = 0;
        end = Math.max(0, count);
        return !ended;
    }

    /// The next byte.
    int read(long deadline) throws IOException {
        if (at == end && !fill(deadline)) {
            throw new EOFException("the client left");
        }
        return buffer[at++] & 0xff;
    }

    /// Fills a piece of an array.
    void read(byte[] into, int from, int to, long deadline) throws IOException {
        for (int n = from; n < to; ) {
            if (at == end && !fill(deadline)) {
                throw new EOFException("the client left");
            }
            int count = Math.min(end - at, to - n);
            System.arraycopy(buffer, at, into, n, count);
            at += count;
            n += count;
        }
    }

    /// Writes all.
    void write(byte[] bytes) throws IOException {
        writingSince = System.nanoTime() | 1;
        try {
            out.write(bytes);
        } finally {
            writingSince = 0;
        }
    }

    /// Whether a write has been waiting longer than this for the client.
    boolean stuck(Duration limit) {
        long since = writingSince;
        return since != 0 && System.nanoTime() - since > limit.toNanos();
    }

    /// Ends the connection so that a client that is still sending can read the answer: a close with unread bytes would
    /// take it away.
    void linger() {
        try {
            if (!ended && watcher == null && !socket.isClosed()) {
                socket.shutdownOutput();
                long deadline = in(Duration.ofSeconds(1));
                for (int n = 0; n < 128 && fill(deadline); n++) {
                    at = end;
                }
            }
        } catch (IOException e) {
            ended = true; // it is being closed anyway
        }
        close();
    }

    void close() {
        try {
            socket.close();
        } catch (IOException e) {
            ended = true;
        }
    }
}
