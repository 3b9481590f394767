package awl.serve;

import awl.ConfigException;
import awl.serve.http.HttpLimits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a server meets its clients.
///
/// @param host name or address to listen on
/// @param port 0 = any that is free
/// @param key that clients must send as `Authorization: Bearer KEY`; null = none
/// @param openToAll whether a server without a key may be reached from other machines
/// @param queue answers that may be under way or wait; further ones are told to come back later
/// @param loraRoot clients may load adapters from below this; null = none
/// @param grace for answers under way when the server stops
public record ServerOptions(
        String host,
        int port,
        @Nullable String key,
        boolean openToAll,
        int queue,
        @Nullable Path loraRoot,
        HttpLimits limits,
        Duration grace) {

    public ServerOptions {
        if (port < 0 || port > 65535) {
            throw new ConfigException("--port: expected 0 to 65535, found " + port);
        }
        if (queue < 1) {
            throw new ConfigException("--queue: expected at least 1, found " + queue);
        }
        if (key != null && key.isBlank()) {
            throw new ConfigException("the server's key is empty");
        }
    }

    /// For this machine alone, without a key.
    public static ServerOptions local(int port) {
        return new ServerOptions(
                "127.0.0.1", port, null, false, 256, null, HttpLimits.standard(), Duration.ofSeconds(30));
    }

    /// Where to listen.
    ///
    /// @throws ConfigException where others could reach a server that asks for no key
    InetAddress address() {
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new ConfigException("--host: " + host + " is not known here", e);
        }
        if (!address.isLoopbackAddress() && key == null && !openToAll) {
            throw new ConfigException("--host " + host
                    + ": other machines could reach the server, and it asks for no key; name the variable that holds one"
                    + " with --api-key-env, or say --no-key");
        }
        return address;
    }

    /// Keeps the key out of messages.
    @Override
    public String toString() {
        return host + ":" + port + (key == null ? "" : " with a key");
    }
}
