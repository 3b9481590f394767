package awl.tool.sim;

/// A head-on collision on a line.
///
/// @param mass1 kg
/// @param speed1 before, m/s, positive to the right
/// @param mass2 kg
/// @param speed2 before, m/s
/// @param restitution 1 elastic, 0 the bodies stick together
public record Collision(double mass1, double speed1, double mass2, double speed2, double restitution) {

    /// @param speed1 after, m/s
    /// @param speed2 after, m/s
    /// @param lost kinetic energy turned into heat, J
    public record After(double speed1, double speed2, double lost) {}

    /// By the two laws: momentum is kept, the speed of separation is restitution times that of approach.
    public After collide() {
        double total = mass1 + mass2;
        double momentum = mass1 * speed1 + mass2 * speed2;
        double approach = speed1 - speed2;
        double after1 = (momentum - mass2 * restitution * approach) / total;
        double after2 = (momentum + mass1 * restitution * approach) / total;
        return new After(after1, after2, energy(speed1, speed2) - energy(after1, after2));
    }

    /// In the frame of the centre of mass, where speeds turn round and shrink by the restitution.
    public After byCentreOfMass() {
        double centre = (mass1 * speed1 + mass2 * speed2) / (mass1 + mass2);
        double reduced = mass1 * mass2 / (mass1 + mass2);
        double approach = speed1 - speed2;
        return new After(
                centre - restitution * (speed1 - centre),
                centre - restitution * (speed2 - centre),
                0.5 * reduced * approach * approach * (1 - restitution * restitution));
    }

    private double energy(double v1, double v2) {
        return 0.5 * (mass1 * v1 * v1 + mass2 * v2 * v2);
    }
}
