package awl.train;

import org.jspecify.annotations.Nullable;
import sun.misc.Signal;

/// Asks a run to stop at its next step border: it writes a checkpoint and ends with exit code 128 + signal
/// (TERM 143, INT 130), as a shell or a scheduler expects. The same signal a second time ends the process at
/// once.
public final class StopSignal {

    private volatile @Nullable Signal received;

    /// Handles TERM and INT from now on.
    public void install() {
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), this::receive);
        }
    }

    private void receive(Signal signal) {
        if (received != null) {
            // Handling TERM keeps the JVM from running shutdown hooks by itself, so this is the only way out.
            Runtime.getRuntime().halt(128 + signal.getNumber());
        }
        received = signal;
    }

    /// Asks for a stop without a signal.
    public void request() {
        received = new Signal("TERM");
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
