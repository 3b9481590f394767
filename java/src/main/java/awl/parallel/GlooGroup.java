package awl.parallel;

import awl.PeerException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;

/// c10d's Gloo: host memory over TCP.
///
/// `GLOO_SOCKET_IFNAME` names the network interface where the way to rank 0 is not the one to use.
final class GlooGroup {

    private static final Duration CONNECT = Duration.ofSeconds(60);

    private GlooGroup() {}

    /// @param store of this group alone
    static Backend open(Store store, Launch launch) {
        ProcessGroupGloo.Options options =
                Rendezvous.keep(ProcessGroupGloo.Options.create(new Milliseconds(CONNECT.toMillis())));
        String card = System.getenv("GLOO_SOCKET_IFNAME");
        options.devices()
                .push_back(Rendezvous.keep(
                        card == null || card.isBlank()
                                ? ProcessGroupGloo.createDeviceForHostname(ownAddress(launch))
                                : ProcessGroupGloo.createDeviceForInterface(card)));
        options.threads(2);
        return new ProcessGroupGloo(store, launch.rank(), launch.size(), options);
    }

    /// The address this machine reaches rank 0 from.
    private static String ownAddress(Launch launch) {
        try (DatagramSocket probe = new DatagramSocket()) {
            probe.connect(new InetSocketAddress(InetAddress.getByName(launch.host()), Math.max(1, launch.port())));
            return probe.getLocalAddress().getHostAddress();
        } catch (IOException e) {
            throw new PeerException("there is no way to %s (MASTER_ADDR): %s".formatted(launch.host(), e), e);
        }
    }
}
