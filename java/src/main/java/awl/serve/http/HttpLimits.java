package awl.serve.http;

import java.time.Duration;

/// What one client, or all together, may take.
///
/// @param connections at once; one more is told 503 and closed
/// @param headBytes request line and header fields together
/// @param bodyBytes of a request
/// @param head from the first byte of a request to the end of its header
/// @param body from there to the end of its body
/// @param idle between two requests of a connection
/// @param write for one write to be taken by the client
public record HttpLimits(
        int connections, int headBytes, int bodyBytes, Duration head, Duration body, Duration idle, Duration write) {

    /// Limits that suit people and programs.
    public static HttpLimits standard() {
        return new HttpLimits(
                4096,
                16 << 10,
                8 << 20,
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30));
    }

    /// The same with another limit of bodies.
    public HttpLimits withBodyBytes(int bytes) {
        return new HttpLimits(connections, headBytes, bytes, head, body, idle, write);
    }
}
