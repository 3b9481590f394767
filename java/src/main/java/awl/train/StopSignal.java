package awl.train;

import org.jspecify.annotations.Nullable;
import sun.misc.Signal;

/// What a scheduler or a person asks of a run by signals; done at its next step border.
///
/// TERM and INT: write a checkpoint and end with exit code 128 + signal (143, 130), as a shell or a scheduler
/// expects; the same once more, a second later or after that, ends the process at once. USR1, USR2 and XCPU (a limit
/// of time comes near): write a checkpoint and go on.
public final class StopSignal {

    /// A terminal and a launcher may both pass on one interrupt: within this it counts once.
    private static final long ONCE_NANOS = 1_000_000_000L;

    private volatile @Nullable Signal received;
    private volatile long receivedNanos;
    private volatile @Nullable String checkpoint;

    /// Handles the signals from now on.
    public void install() {
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), this::receive);
        }
        for (String name : new String[] {"USR1", "USR2", "XCPU"}) {
            try {
                Signal.handle(new Signal(name), signal -> checkpoint = "SIG" + signal.getName());
            } catch (IllegalArgumentException e) {
                // Unknown to this system or kept by this JVM: then it cannot be used to ask.
                System.getLogger(StopSignal.class.getName())
                        .log(System.Logger.Level.DEBUG, "SIG" + name + " is not handled", e);
            }
        }
    }

    private void receive(Signal signal) {
        long now = System.nanoTime();
        if (received == null) {
            receivedNanos = now;
            received = signal;
        } else if (now - receivedNanos > ONCE_NANOS) {
            // Handling TERM keeps the JVM from running shutdown hooks by itself, so this is the only way out.
            Runtime.getRuntime().halt(128 + signal.getNumber());
        }
    }

    /// Asks for a stop without a signal.
    public void request() {
        received = new Signal("TERM");
    }

    /// Takes over the signal that another rank has received.
    ///
    /// @param name as of [#name]
    void adopt(String name) {
        if (received == null) {
            received = new Signal(name.substring("SIG".length()));
        }
    }

    /// Asks for a checkpoint without a signal.
    void requestCheckpoint() {
        checkpoint = "SIGUSR1";
    }

    /// Name of the signal that asked for a checkpoint since the last call, or null.
    @Nullable
    String takeCheckpoint() {
        String asked = checkpoint;
        if (asked != null) { // one that comes now is not wiped out unseen
            checkpoint = null;
        }
        return asked;
    }

    /// Whether a stop was asked for.
    public boolean isRequested() {
        return received != null;
    }

    /// Name of the signal, or null.
    public @Nullable String name() {
        Signal signal = received;
        return signal == null ? null : "SIG" + signal.getName();
    }

    /// Exit code of a run that stopped because of it.
    public int exitCode() {
        Signal signal = received;
        return signal == null ? 0 : 128 + signal.getNumber();
    }
}
