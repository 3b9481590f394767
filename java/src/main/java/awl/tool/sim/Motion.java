package awl.tool.sim;

import awl.DataException;
import java.util.function.ToDoubleFunction;
import org.hipparchus.analysis.UnivariateFunction;
import org.hipparchus.analysis.solvers.BracketedUnivariateSolver;
import org.hipparchus.analysis.solvers.BracketingNthOrderBrentSolver;
import org.hipparchus.ode.ODEState;
import org.hipparchus.ode.ODEStateAndDerivative;
import org.hipparchus.ode.OrdinaryDifferentialEquation;
import org.hipparchus.ode.events.Action;
import org.hipparchus.ode.events.AdaptableInterval;
import org.hipparchus.ode.events.ODEEventDetector;
import org.hipparchus.ode.events.ODEEventHandler;
import org.hipparchus.ode.nonstiff.DormandPrince853Integrator;

/// Runs an ordinary differential equation until something happens: Dormand-Prince 8(5,3) with step control
/// and event location (Hairer, Norsett, Wanner 1993).
final class Motion {

    private static final int MOST_EVALUATIONS = 5_000_000;
    private static final double TIME_ACCURACY = 1e-10;

    private final OrdinaryDifferentialEquation equation;
    private final double tolerance;

    private Motion(OrdinaryDifferentialEquation equation, double tolerance) {
        this.equation = equation;
        this.tolerance = tolerance;
    }

    /// The right-hand side of y' = f(t, y).
    interface Rate {
        double[] at(double t, double[] y);
    }

    /// @param tolerance absolute and relative, of a step
    static Motion of(int dimension, double tolerance, Rate rate) {
        return new Motion(
                new OrdinaryDifferentialEquation() {
                    @Override
                    public int getDimension() {
                        return dimension;
                    }

                    @Override
                    public double[] computeDerivatives(double t, double[] y) {
                        if (Thread.currentThread().isInterrupted()) {
                            throw new DataException("stopped");
                        }
                        return rate.at(t, y);
                    }
                },
                tolerance);
    }

    /// @param happened whether the event came before the end
    record End(double time, double[] state, boolean happened) {}

    /// Runs from `start` until `end`.
    double[] state(double start, double[] from, double end) {
        return end <= start ? from.clone() : run(start, from, end, null);
    }

    /// Runs until `event` falls through zero, or `end`.
    ///
    /// @param check longest time in which the event may go unseen
    End untilFalling(double start, double[] from, double end, double check, ToDoubleFunction<double[]> event) {
        Detector detector = new Detector(event, check);
        double[] state = run(start, from, end, detector);
        return new End(detector.happened ? detector.time : end, state, detector.happened);
    }

    private double[] run(
            double start, double[] from, double end, @org.jspecify.annotations.Nullable Detector detector) {
        DormandPrince853Integrator integrator =
                new DormandPrince853Integrator(1e-12, Math.max(1e-9, end - start), tolerance, tolerance);
        integrator.setMaxEvaluations(MOST_EVALUATIONS);
        if (detector != null) {
            integrator.addEventDetector(detector);
        }
        return integrator.integrate(equation, new ODEState(start, from), end).getPrimaryState();
    }

    private static final class Detector implements ODEEventDetector {
        private final ToDoubleFunction<double[]> event;
        private final double check;
        private boolean happened;
        private double time;

        Detector(ToDoubleFunction<double[]> event, double check) {
            this.event = event;
            this.check = check;
        }

        @Override
        public AdaptableInterval getMaxCheckInterval() {
            return AdaptableInterval.of(check);
        }

        @Override
        public int getMaxIterationCount() {
            return 200;
        }

        @Override
        public BracketedUnivariateSolver<UnivariateFunction> getSolver() {
            return new BracketingNthOrderBrentSolver(0, TIME_ACCURACY, 0, 5);
        }

        @Override
        public ODEEventHandler getHandler() {
            return (state, detector, rising) -> {
                if (rising) {
                    return Action.CONTINUE;
                }
                happened = true;
                time = state.getTime();
                return Action.STOP;
            };
        }

        @Override
        public double g(ODEStateAndDerivative state) {
            return event.applyAsDouble(state.getPrimaryState());
        }
    }
}
