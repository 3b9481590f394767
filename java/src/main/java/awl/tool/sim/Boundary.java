package awl.tool.sim;

/// What happens at the ends of a body.
public enum Boundary {
    /// Held at fixed temperatures.
    FIXED,
    /// Insulated: nothing flows.
    INSULATED,
    /// The ends are joined to a ring.
    PERIODIC
}
