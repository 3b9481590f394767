package awl.token.jinja;

import java.time.Clock;

/// What a rendering takes from outside its variables: the time that `strftime_now` tells, and the [Limits].
public record RenderOptions(Clock clock, Limits limits) {

    /// The machine's clock and the standard limits.
    public static RenderOptions standard() {
        return new RenderOptions(Clock.systemDefaultZone(), Limits.STANDARD);
    }

    public RenderOptions withClock(Clock other) {
        return new RenderOptions(other, limits);
    }

    public RenderOptions withLimits(Limits other) {
        return new RenderOptions(clock, other);
    }
}
