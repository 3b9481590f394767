package awl.tool.mujoco;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import awl.tool.ToolResult;
import awl.tool.Toolbox;
import java.util.List;
import java.util.stream.IntStream;
import org.hipparchus.ode.ODEState;
import org.hipparchus.ode.OrdinaryDifferentialEquation;
import org.hipparchus.ode.nonstiff.DormandPrince853Integrator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// MuJoCo's motions against the equations of Lagrange, integrated by Hipparchus.
final class MultibodyToolTest {

    @BeforeEach
    void needsMujoco() {
        assumeTrue(Mujoco.missing().isEmpty(), Mujoco.missing());
    }

    private interface Rate {
        double[] at(double[] y);
    }

    private static double[] integrate(double seconds, double[] start, Rate rate) {
        OrdinaryDifferentialEquation equation = new OrdinaryDifferentialEquation() {
            @Override
            public int getDimension() {
                return start.length;
            }

            @Override
            public double[] computeDerivatives(double t, double[] y) {
                return rate.at(y);
            }
        };
        return new DormandPrince853Integrator(1e-12, 1, 1e-12, 1e-12)
                .integrate(equation, new ODEState(0, start), seconds)
                .getPrimaryState();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1, 20, -10, 3", "0.5, 2, 3, 0.2, 45, 90, 2.5", "1.3, 0.4, 0.1, 5, -60, 30, 1"})
    void aDoublePendulum(double l1, double l2, double m1, double m2, double a1, double a2, double seconds) {
        double g = 9.81;
        double[] truth = integrate(seconds, new double[] {Math.toRadians(a1), Math.toRadians(a2), 0, 0}, y -> {
            double d = y[0] - y[1];
            double w1 = y[2];
            double w2 = y[3];
            double all = m1 + m2;
            double below = all - m2 * Math.cos(d) * Math.cos(d);
            double up = -m2 * l1 * w1 * w1 * Math.sin(d) * Math.cos(d)
                    + m2 * g * Math.sin(y[1]) * Math.cos(d)
                    - m2 * l2 * w2 * w2 * Math.sin(d)
                    - all * g * Math.sin(y[0]);
            double low = m2 * l2 * w2 * w2 * Math.sin(d) * Math.cos(d)
                    + all * (g * Math.sin(y[0]) * Math.cos(d) + l1 * w1 * w1 * Math.sin(d) - g * Math.sin(y[1]));
            return new double[] {w1, w2, up / (l1 * below), low / (l2 * below)};
        });
        double[] found = Linkage.doublePendulum(l1, l2, m1, m2, Math.toRadians(a1), Math.toRadians(a2), g)
                .after(seconds);
        assertThat(found[0]).isCloseTo(truth[0], within(2e-5));
        assertThat(found[0] + found[1]).isCloseTo(truth[1], within(2e-5));
    }

    @Test
    void aPendulumOnACart() {
        double cart = 2;
        double bob = 0.7;
        double length = 1.2;
        double g = 9.81;
        double[] truth = integrate(2.3, new double[] {0, Math.toRadians(50), 0, 0}, y -> {
            double sin = Math.sin(y[1]);
            double cos = Math.cos(y[1]);
            double push = bob * sin * (length * y[3] * y[3] + g * cos) / (cart + bob * sin * sin);
            return new double[] {y[2], y[3], push, -(push * cos + g * sin) / length};
        });
        double[] found = Linkage.cart(cart, bob, length, Math.toRadians(50), g).after(2.3);
        assertThat(found[0]).isCloseTo(truth[0], within(2e-5));
        assertThat(found[1]).isCloseTo(truth[1], within(2e-5));
    }

    @Test
    void massesOnSprings() {
        double[] truth = integrate(4, new double[] {0.1, -0.2, 0, 0}, y ->
                new double[] {y[2], y[3], (-30 * y[0] + 12 * (y[1] - y[0])) / 1.5, -12 * (y[1] - y[0]) / 0.8});
        double[] found = Linkage.springs(1.5, 0.8, 30, 12, 0.1, -0.2).after(4);
        assertThat(found[0]).isCloseTo(truth[0], within(2e-5));
        assertThat(found[0] + found[1]).isCloseTo(truth[1], within(2e-5));
    }

    @Test
    void callsAreAnsweredWithAUnitOrRefusedInWords() {
        assertThat(call("""
                {"system": "coupled_springs", "mass": 1, "mass2": 1, "stiffness": 4, "stiffness2": 4,
                 "position": 0.1, "position2": 0.3, "time": 0, "quantity": "position2"}""")).isEqualTo("0.3 m");
        assertThat(call("{\"system\": \"cart_pendulum\", \"time\": 1, \"quantity\": \"angle\"}"))
                .contains("system 'cart_pendulum' needs the argument 'mass'");
        assertThat(call("""
                {"system": "cart_pendulum", "mass": 1, "mass2": 1, "length": 1, "angle": 5, "time": 1,
                 "quantity": "angle2"}""")).contains("has no quantity 'angle2'; it has: position, angle");
    }

    /// After twenty seconds of large swings no digit of a double pendulum is left.
    @Test
    void aMotionThatCannotBeFollowedIsNotAnswered() {
        assertThat(call("""
                {"system": "double_pendulum", "length": 1, "length2": 1, "mass": 1, "mass2": 1, "angle": 170,
                 "angle2": 175, "time": 20, "quantity": "angle"}""")).contains("ask for an earlier time");
    }

    @Test
    void simulationsDoNotDisturbEachOther() {
        Linkage linkage = Linkage.doublePendulum(1, 1, 1, 1, 0.5, 0.2, 9.81);
        double[] alone = linkage.after(2);
        List<double[]> together = IntStream.range(0, 32)
                .parallel()
                .mapToObj(i -> linkage.after(2))
                .toList();
        assertThat(together).allSatisfy(each -> assertThat(each).isEqualTo(alone));
    }

    @Test
    void whatMujocoRefusesIsSaid() {
        assertThatThrownBy(
                        () -> Mujoco.library().run("<mujoco><nonsense/></mujoco>", new double[0], new double[0], 0, 0))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("nonsense");
    }

    @Test
    void itMustBeAskedFor() {
        try (Toolbox standard = Toolbox.standard();
                Toolbox all = Toolbox.all()) {
            assertThatThrownBy(() -> standard.named(List.of("multibody"))).isInstanceOf(ConfigException.class);
            assertThat(all.named(List.of("multibody"))).hasSize(1);
        }
    }

    private static String call(String arguments) {
        try (Toolbox toolbox = Toolbox.of(List.of(new MultibodyTool()))) {
            ToolResult result = toolbox.call("multibody", Json.object(arguments, "arguments"));
            return result.text();
        }
    }
}
