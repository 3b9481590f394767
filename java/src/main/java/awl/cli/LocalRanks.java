package awl.cli;

import awl.ConfigException;
import awl.train.Machine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import sun.misc.Signal;

/// Processes of one command on this machine, each a rank: started, listened to, sent signals, waited for.
final class LocalRanks {

    private static final int USERS_MISTAKE = 2;
    private static final int SIGNAL_BASE = 128;
    private static final long KILL_AFTER_SECONDS = 5;
    private static final long LOOK_MILLIS = 50;

    private final int count;
    private final @Nullable Integer port;
    private final int graceSeconds;
    private final PrintStream out;
    private final PrintStream err;
    private final List<Process> running = new ArrayList<>();
    private volatile @Nullable Signal stopped;

    /// @param port of the rendezvous, or null for a free one
    /// @param graceSeconds how long the others may take to end by themselves after one has failed
    LocalRanks(int count, @Nullable Integer port, int graceSeconds, PrintStream out, PrintStream err) {
        this.count = count;
        this.port = port;
        this.graceSeconds = graceSeconds;
        this.out = out;
        this.err = err;
    }

    /// Hands this process's signals to all of them from now on.
    void passSignalsOn() {
        for (String name : new String[] {"TERM", "INT", "HUP", "USR1", "USR2", "XCPU"}) {
            try {
                Signal.handle(new Signal(name), signal -> {
                    if (!name.startsWith("USR") && !name.equals("XCPU")) {
                        stopped = signal;
                    }
                    send(name);
                });
            } catch (IllegalArgumentException e) {
                // A signal this JVM keeps for itself cannot be passed on.
                System.getLogger(LocalRanks.class.getName())
                        .log(System.Logger.Level.DEBUG, "SIG" + name + " is not handled", e);
            }
        }
    }

    /// Whether a run that ended so might end otherwise the next time.
    boolean worthRestarting(int code) {
        return code != 0 && code != USERS_MISTAKE && stopped == null;
    }

    /// Runs the command once.
    ///
    /// @param restart how many times it was started before
    /// @return 0 where all ended well; else the code of the first that failed, 2 before others
    int run(List<String> command, int restart) {
        int meeting = port == null ? freePort() : port;
        List<Thread> readers = new ArrayList<>();
        try {
            synchronized (running) {
                running.clear();
                for (int rank = 0; rank < count; rank++) {
                    Process process = start(command, rank, meeting, restart);
                    running.add(process);
                    readers.add(forward(process.getInputStream(), rank, out));
                    readers.add(forward(process.getErrorStream(), rank, err));
                }
            }
            int code = await();
            for (Thread reader : readers) {
                reader.join(TimeUnit.SECONDS.toMillis(KILL_AFTER_SECONDS));
            }
            return code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        } finally {
            killAll();
        }
    }

    private Process start(List<String> command, int rank, int meeting, int restart) {
        List<String> line = new ArrayList<>();
        line.add(ProcessHandle.current().info().command().orElse("java"));
        line.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line);
        Map<String, String> environment = builder.environment();
        environment.put("RANK", Integer.toString(rank));
        environment.put("LOCAL_RANK", Integer.toString(rank));
        environment.put("WORLD_SIZE", Integer.toString(count));
        environment.put("LOCAL_WORLD_SIZE", Integer.toString(count));
        environment.put("MASTER_ADDR", "127.0.0.1");
        environment.put("MASTER_PORT", Integer.toString(meeting));
        environment.put("TORCHELASTIC_RESTART_COUNT", Integer.toString(restart));
        environment.put("AWL_LAUNCHER", Long.toString(ProcessHandle.current().pid()));
        int cores = Math.min(Runtime.getRuntime().availableProcessors(), Machine.cores());
        environment.putIfAbsent("OMP_NUM_THREADS", Integer.toString(Math.max(1, cores / count)));
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start rank " + rank, e);
        }
    }

    /// Rank 0 as it is, the others with their number before each line.
    private Thread forward(InputStream from, int rank, PrintStream to) {
        return Thread.ofPlatform().daemon().name("awl-rank-" + rank).start(() -> {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    to.println(rank == 0 ? line : "[" + rank + "] " + line);
                }
            } catch (IOException e) {
                // The process was killed while it wrote.
                System.getLogger(LocalRanks.class.getName())
                        .log(System.Logger.Level.DEBUG, "output of rank " + rank, e);
            }
        });
    }

    private int await() throws InterruptedException {
        int code = 0;
        long deadline = 0;
        boolean[] ended = new boolean[count];
        while (true) {
            int left = 0;
            for (int rank = 0; rank < count; rank++) {
                Process process = running.get(rank);
                if (process.isAlive()) {
                    left++;
                } else if (!ended[rank]) {
                    ended[rank] = true;
                    int own = process.exitValue();
                    if (own > SIGNAL_BASE && stopped == null) {
                        err.println("awl: launch: rank %d (process %d) was ended by signal %d"
                                .formatted(rank, process.pid(), own - SIGNAL_BASE));
                    }
                    if (own != 0) {
                        deadline =
                                deadline == 0 ? System.nanoTime() + TimeUnit.SECONDS.toNanos(graceSeconds) : deadline;
                        code = code == 0 || own == USERS_MISTAKE ? own : code;
                    }
                }
            }
            if (left == 0) {
                return code;
            }
            if (deadline != 0 && System.nanoTime() > deadline) {
                return code; // run() kills the rest
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private void killAll() {
        synchronized (running) {
            running.forEach(Process::destroy);
            try {
                for (Process process : running) {
                    if (!process.waitFor(KILL_AFTER_SECONDS, TimeUnit.SECONDS)) {
                        process.destroyForcibly().waitFor();
                    }
                }
            } catch (InterruptedException e) {
                running.forEach(Process::destroyForcibly);
                Thread.currentThread().interrupt();
            }
        }
    }

    /// By the shell's own kill: Java itself can send TERM and KILL alone.
    private void send(String signal) {
        List<Process> now;
        synchronized (running) {
            now = List.copyOf(running);
        }
        for (Process process : now) {
            if (process.isAlive()) {
                try {
                    new ProcessBuilder("/bin/sh", "-c", "kill -s %s %d".formatted(signal, process.pid()))
                            .redirectErrorStream(true)
                            .start();
                } catch (IOException e) {
                    err.println("awl: launch: SIG%s could not be passed on to process %d: %s"
                            .formatted(signal, process.pid(), e.getMessage()));
                }
            }
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new ConfigException("there is no free port on this machine: " + e.getMessage(), e);
        }
    }
}
