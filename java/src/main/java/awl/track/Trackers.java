package awl.track;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Several trackers as one. One that fails is left out from then on, which is said once: a run goes on without.
public final class Trackers implements Tracker {

    private record Named(String name, Tracker tracker) {}

    private final List<Named> all = new ArrayList<>();
    private final Consumer<String> notes;

    private Trackers(Consumer<String> notes) {
        this.notes = notes;
    }

    /// What the configuration asks for.
    ///
    /// @param environment variables, for addresses and credentials
    /// @param notes told what a person should know
    public static Tracker of(
            TrackConfig config, RunFacts facts, Map<String, String> environment, Consumer<String> notes) {
        Trackers trackers = new Trackers(notes);
        if (config.wantsTensorBoard()) {
            trackers.all.add(new Named("tensorboard", new TensorBoard(TensorBoard.folder(facts.folder()), facts)));
        }
        TrackConfig.Mlflow mlflow = config.mlflow();
        if (mlflow != null) {
            MlflowServer server = MlflowServer.of(mlflow, environment);
            trackers.all.add(new Named("mlflow", new MlflowTracker(server, facts, notes)));
        }
        TrackConfig.Prometheus prometheus = config.prometheus();
        Integer port = prometheus == null ? null : prometheus.port();
        if (port != null) {
            trackers.all.add(new Named("prometheus", new PrometheusTracker(port, facts.name(), notes)));
        }
        return trackers.all.isEmpty() ? NONE : trackers;
    }

    @Override
    public void begin(long done) {
        each(tracker -> tracker.begin(done));
    }

    @Override
    public void record(long step, Map<String, Double> values) {
        each(tracker -> tracker.record(step, values));
    }

    @Override
    public void flush() {
        each(Tracker::flush);
    }

    @Override
    public void end(End how) {
        each(tracker -> tracker.end(how));
    }

    private void each(Consumer<Tracker> action) {
        all.removeIf(named -> {
            try {
                action.accept(named.tracker);
                return false;
            } catch (RuntimeException e) {
                notes.accept("tracking.%s: %s; training goes on without it, all numbers are in metrics.jsonl"
                        .formatted(named.name, e.getMessage()));
                return true;
            }
        });
    }
}
