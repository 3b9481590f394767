package awl.tool.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DataException;
import awl.data.SplitMix;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Simulations against closed forms, series and conservation laws, over a few hundred random inputs each.
final class SimulatorsTest {

    private static final double TIGHT = 1e-10;
    private static final Percentage CLOSE = Percentage.withPercentage(1e-4);

    private final SplitMix random = new SplitMix(7);

    private double draw(double least, double most) {
        return least + (most - least) * ((random.next() >>> 11) * 0x1p-53);
    }

    @Test
    void flightsWithoutDragFollowTheParabola() {
        for (int i = 0; i < 200; i++) {
            Projectile thrown = new Projectile(draw(2, 60), draw(-20, 85), draw(0.5, 40), 0, 9.81);
            Projectile.Flight ode = thrown.fly(TIGHT);
            Projectile.Flight exact = thrown.exact();
            assertThat(ode.range()).isCloseTo(exact.range(), CLOSE);
            assertThat(ode.top()).isCloseTo(exact.top(), CLOSE);
            assertThat(ode.duration()).isCloseTo(exact.duration(), CLOSE);
            assertThat(ode.impact()).isCloseTo(exact.impact(), CLOSE);
        }
    }

    @Test
    void dragOnlyShortensAFlight() {
        for (int i = 0; i < 100; i++) {
            double speed = draw(5, 60);
            double angle = draw(10, 80);
            Projectile.Flight free = new Projectile(speed, angle, 0, 0, 9.81).exact();
            Projectile.Flight braked = new Projectile(speed, angle, 0, draw(0.001, 0.05), 9.81).fly(1e-9);
            assertThat(braked.range()).isPositive().isLessThan(free.range());
            assertThat(braked.top()).isPositive().isLessThan(free.top());
            assertThat(braked.impact()).isPositive().isLessThan(speed);
        }
    }

    @Test
    void slidesSpringsPendulumsFallsAndBouncesFollowTheirFormulas() {
        for (int i = 0; i < 200; i++) {
            Incline plane = new Incline(draw(0.5, 20), draw(30, 70), draw(0, 0.5), 9.81);
            assertThat(plane.slide(TIGHT).time()).isCloseTo(plane.exact().time(), CLOSE);
            assertThat(plane.slide(TIGHT).speed()).isCloseTo(plane.exact().speed(), CLOSE);
            Spring spring = new Spring(draw(0.1, 5), draw(5, 200), draw(0, 0.5), draw(0.05, 1));
            double time = draw(0, 10);
            assertThat(spring.position(time, TIGHT)).isCloseTo(spring.exactPosition(time), within(1e-6));
            assertThat(spring.period(TIGHT)).isCloseTo(spring.exactPeriod(), CLOSE);
            assertThat(spring.fastest(TIGHT)).isCloseTo(spring.exactFastest(), CLOSE);
            Pendulum pendulum = new Pendulum(draw(0.1, 10), draw(1, 170), draw(1.6, 25));
            assertThat(pendulum.period(TIGHT)).isCloseTo(pendulum.exactPeriod(), CLOSE);
            assertThat(pendulum.fastest(TIGHT)).isCloseTo(pendulum.exactFastest(), CLOSE);
            Fall fall = new Fall(draw(1, 300), draw(0, 0.05), 9.81);
            assertThat(fall.fall(TIGHT).time()).isCloseTo(fall.exact().time(), CLOSE);
            assertThat(fall.fall(TIGHT).speed()).isCloseTo(fall.exact().speed(), CLOSE);
            Bounce ball = new Bounce(draw(0.3, 10), draw(0.3, 0.95), 9.81);
            int bounces = 1 + random.below(8);
            assertThat(ball.bounce(bounces, TIGHT).top())
                    .isCloseTo(ball.exact(bounces).top(), CLOSE);
            assertThat(ball.bounce(bounces, TIGHT).time())
                    .isCloseTo(ball.exact(bounces).time(), CLOSE);
            assertThat(ball.bounce(bounces, TIGHT).way())
                    .isCloseTo(ball.exact(bounces).way(), CLOSE);
        }
    }

    @Test
    void whatCannotMoveIsRefused() {
        assertThatThrownBy(() -> new Incline(1, 10, 0.9, 9.81).slide(TIGHT))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("friction holds");
        assertThatThrownBy(() -> new Spring(1, 1, 10, 1).exactPeriod()).hasMessageContaining("does not oscillate");
    }

    @Test
    void collisionsKeepMomentumAndAgreeBetweenFrames() {
        for (int i = 0; i < 300; i++) {
            Collision hit = new Collision(draw(0.1, 10), draw(0, 10), draw(0.1, 10), draw(-10, 0), draw(0, 1));
            Collision.After after = hit.collide();
            Collision.After other = hit.byCentreOfMass();
            assertThat(hit.mass1() * after.speed1() + hit.mass2() * after.speed2())
                    .isCloseTo(hit.mass1() * hit.speed1() + hit.mass2() * hit.speed2(), within(1e-9));
            assertThat(after.speed1()).isCloseTo(other.speed1(), within(1e-9));
            assertThat(after.speed2()).isCloseTo(other.speed2(), within(1e-9));
            assertThat(after.lost()).isCloseTo(other.lost(), within(1e-8));
        }
    }

    @ParameterizedTest
    @EnumSource(Boundary.class)
    void rodsFollowTheirSeriesAndTheMaximumPrinciple(Boundary boundary) {
        for (int i = 0; i < 150; i++) {
            double length = draw(0.2, 5);
            double diffusivity = draw(1e-5, 1e-2);
            double from = draw(0, 0.5) * length;
            boolean fixed = boundary == Boundary.FIXED;
            double size = draw(10, 100);
            Profile start = switch (random.below(3)) {
                case 0 -> Profile.wave(size, 1 + random.below(3));
                case 1 -> Profile.patch(size, from, from + draw(0.1, 0.5) * length);
                default -> Profile.even(size);
            };
            double left = fixed ? draw(0, 100) : 0;
            double right = fixed ? draw(0, 100) : 0;
            Rod rod = new Rod(length, diffusivity, boundary, left, right, start);
            double time = draw(0.005, 0.3) * length * length / diffusivity;
            Field field = rod.after(time);
            double x = draw(0, 1) * length;
            double scale = size + left + right;
            assertThat(field.at(x)).isCloseTo(rod.exact(x, time), within(1e-3 * scale));
            assertThat(field.mean()).isCloseTo(rod.exactMean(time), within(1e-3 * scale));
            assertThat(field.max()).isLessThanOrEqualTo(Math.max(size, Math.max(left, right)) * (1 + 1e-9));
            double coldest = start.kind() == Profile.Kind.WAVE ? -size : 0;
            assertThat(field.min()).isGreaterThanOrEqualTo(coldest - 1e-9 * scale);
            assertThat(field.at(x)).isBetween(field.min() - 1e-9, field.max() + 1e-9);
        }
    }

    @Test
    void platesFollowTheProductOfTwoSeries() {
        for (int i = 0; i < 40; i++) {
            Boundary boundary = random.below(2) == 0 ? Boundary.FIXED : Boundary.INSULATED;
            double width = draw(0.2, 2);
            double height = draw(0.2, 2);
            double diffusivity = draw(1e-5, 1e-2);
            Profile across = random.below(2) == 0 ? Profile.wave(1, 1) : Profile.patch(1, 0.2 * height, 0.7 * height);
            Plate plate = new Plate(
                    width, height, diffusivity, boundary, Profile.patch(80, 0.25 * width, 0.75 * width), across);
            double time = draw(0.01, 0.1) * Math.min(width, height) * Math.min(width, height) / diffusivity;
            Plate.Sheet sheet = plate.after(time);
            double x = draw(0, 1) * width;
            double y = draw(0, 1) * height;
            assertThat(sheet.at(x, y)).isCloseTo(plate.exact(x, y, time), within(0.1));
            assertThat(sheet.mean()).isCloseTo(plate.exactMean(time), within(0.1));
            assertThat(sheet.max()).isLessThanOrEqualTo(80 + 1e-6);
        }
    }

    @Test
    void epidemicsAgreeBetweenTwoMethodsAndWithTheFinalSize() {
        for (int i = 0; i < 60; i++) {
            double infectious = draw(3, 12);
            Seir epidemic = new Seir(
                    1e4 * (1 + random.below(100)),
                    draw(1.2, 5) / infectious,
                    draw(1, 8),
                    infectious,
                    1 + random.below(50),
                    i % 3 == 0 ? draw(0, 0.1) : 0,
                    random.below(60),
                    60 + random.below(100),
                    i % 2 == 0 ? 0 : draw(0, 0.6));
            Seir.Course course = epidemic.run(200);
            Seir.Course refined = epidemic.refined(200, 1e-13);
            assertThat(course.peak()).isCloseTo(refined.peak(), Percentage.withPercentage(0.01));
            assertThat(course.peakDay()).isCloseTo(refined.peakDay(), within(0.05));
            assertThat(course.infectedShare()).isCloseTo(refined.infectedShare(), within(1e-5));
            assertThat(course.infectiousAtEnd())
                    .isCloseTo(refined.infectiousAtEnd(), within(0.01 + refined.peak() * 1e-4));
            assertThat(course.infectedShare()).isBetween(0.0, 1 - epidemic.immune());
            Seir free = Seir.plain(epidemic.population(), epidemic.beta(), epidemic.incubation(), infectious, 10);
            assertThat(free.run(Double.POSITIVE_INFINITY).infectedShare()).isCloseTo(free.finalShare(), within(1e-4));
        }
    }

    @Test
    void theClimateOf2020AndItsPathwaysAreThoseOfTwoMethods() {
        Climate.State now = Climate.constant().in(Climate.START);
        assertThat(now.co2()).isBetween(410.0, 420.0);
        assertThat(now.warming()).isBetween(1.0, 1.4);
        for (int i = 0; i < 100; i++) {
            Climate path = new Climate(
                    draw(-2, 20), 2021 + random.below(60), draw(100, 600), 2021 + random.below(60), draw(0.8, 1.6));
            double year = 2021 + random.below(130);
            Climate.State state = path.in(year);
            Climate.State refined = path.refined(year, 1e-10);
            assertThat(state.co2()).isCloseTo(refined.co2(), within(1e-3));
            assertThat(state.co2()).isCloseTo(path.exactCo2(year), within(1e-3));
            assertThat(state.warming()).isCloseTo(refined.warming(), within(1e-4));
            assertThat(state.forcing()).isCloseTo(refined.forcing(), within(1e-4));
            Climate more = new Climate(
                    path.target() + 1, path.targetYear(), path.methaneTarget(), path.methaneYear(), path.feedback());
            assertThat(more.in(year).warming()).isGreaterThan(state.warming());
        }
    }
}
