package awl.cli;

import awl.ConfigException;
import awl.Json;
import awl.track.MetricLine;
import awl.track.MlflowServer;
import awl.track.MlflowTracker;
import awl.track.RunFacts;
import awl.track.TensorBoard;
import awl.track.TrackConfig;
import awl.track.Tracker;
import awl.train.ConfigFile;
import awl.train.RunSummary;
import awl.train.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl track`: tells trackers of a run that is over.
@Command(
        name = "track",
        mixinStandardHelpOptions = true,
        description = {
            "Send the numbers of a run of awl train to an MLflow server, or write TensorBoard event files of it, afterwards.",
            "An MLflow server gets what it lacks: a second time there is nothing to send. Credentials: the variables",
            "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
            "During training the section tracking does it: {tensorboard: true, mlflow: {uri, uri_env, experiment},",
            "prometheus: {port}}."
        })
final class TrackCommand implements Callable<Integer> {

    @Parameters(paramLabel = "RUN", description = "Run folder.")
    Path run = Path.of("");

    @Option(names = "--mlflow", paramLabel = "URI", description = "Address of an MLflow server.")
    @Nullable
    String mlflow;

    @Option(names = "--experiment", paramLabel = "NAME", description = "Of MLflow. Default: that of the run, or awl.")
    @Nullable
    String experiment;

    @Option(names = "--tensorboard", description = "Write event files anew, into tensorboard/ of the run folder.")
    boolean tensorboard;

    @Override
    public Integer call() {
        if (mlflow == null && !tensorboard) {
            throw new ConfigException("awl track: expected --mlflow URI or --tensorboard");
        }
        Path metrics = run.resolve("metrics.jsonl");
        if (!Files.exists(metrics)) {
            throw new ConfigException(run + ": expected the folder of a run of awl train, with metrics.jsonl");
        }
        TrainConfig config = ConfigFile.read(run.resolve("config.yaml"), List.of());
        try {
            RunFacts facts = RunSummary.facts(run, config, environment());
            List<MetricLine> lines = new ArrayList<>(MetricLine.read(metrics, MetricLine.TRAIN));
            lines.addAll(MetricLine.read(run.resolve("validation.jsonl"), MetricLine.VALIDATION));
            lines.sort(Comparator.comparingLong(MetricLine::step));
            if (tensorboard) {
                write(new TensorBoard(TensorBoard.folder(run), facts), lines);
                System.err.println("written: " + TensorBoard.folder(run));
            }
            if (mlflow != null) {
                send(config, facts, lines, Files.getLastModifiedTime(metrics).toMillis());
            }
            return 0;
        } catch (IOException e) {
            throw new ConfigException("%s: cannot be sent: %s".formatted(run, e.getMessage()), e);
        }
    }

    private static void write(Tracker tracker, List<MetricLine> lines) {
        tracker.begin(-1);
        lines.forEach(line -> tracker.record(line.step(), line.values()));
        tracker.end(Tracker.End.FINISHED);
    }

    private void send(TrainConfig config, RunFacts facts, List<MetricLine> lines, long last) throws IOException {
        TrackConfig.Mlflow before =
                config.tracking() == null ? null : config.tracking().mlflow();
        String named = experiment != null || before == null ? experiment : before.experiment();
        try (MlflowServer server = MlflowServer.of(new TrackConfig.Mlflow(mlflow, null, named), System.getenv())) {
            boolean finished = Files.exists(run.resolve("model")) || Files.exists(run.resolve("adapter"));
            int sent = MlflowTracker.sendFinished(server, facts, lines, finished, last);
            System.err.printf("%s: %,d numbers sent, all %,d lines are there%n", server, sent, lines.size());
        }
    }

    private Map<String, @Nullable Object> environment() throws IOException {
        Path file = run.resolve("environment.json");
        return Files.exists(file) ? Json.object(Files.readString(file), file.toString()) : new LinkedHashMap<>();
    }
}
