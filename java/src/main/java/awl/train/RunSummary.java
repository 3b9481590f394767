package awl.train;

import awl.data.Example;
import awl.model.Decoder;
import awl.tensor.Parameter;
import awl.track.RunFacts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a run is, for the user before its first step and for trackers.
public final class RunSummary {

    private RunSummary() {}

    /// What is trained, by what, on what, how long.
    static List<String> lines(TrainConfig config, Decoder model, String compute, TrainingData data, TrainingPlan plan) {
        List<String> lines = new ArrayList<>();
        lines.add("%s, %,d of %,d parameters trained (%s) %s"
                .formatted(
                        config.model().path(),
                        Parameter.count(model.trainable()),
                        Parameter.count(model.parameters()),
                        config.lora() == null ? "full" : "LoRA",
                        compute));
        List<Example> rows = data.train().examples();
        long tokens = rows.stream().mapToLong(Example::tokens).sum();
        long learned = rows.stream().mapToLong(Example::learned).sum();
        String kind = config.objective().type().preference() ? "pairs" : "rows";
        lines.add("%s: %,d %s, %,d tokens, %,d of them learned; %,d steps of %d %s"
                .formatted(
                        config.objective().type().key(),
                        data.train().size(),
                        kind,
                        tokens,
                        learned,
                        plan.steps(),
                        plan.batchSize(),
                        kind));
        if (data.train().size() < plan.batchSize()) {
            lines.add("train.batch_size is more than there are %s: a step has all of them once".formatted(kind));
        }
        return lines;
    }

    /// What trackers are told.
    public static RunFacts facts(Path folder, TrainConfig config, Map<String, ?> environment) {
        Map<String, String> parameters = new LinkedHashMap<>();
        YamlRecords.flat(config).forEach((key, value) -> {
            if (!key.startsWith("tracking.")) {
                parameters.put(key, value.isTextual() ? value.textValue() : value.toString());
            }
        });
        Map<String, String> surroundings = new LinkedHashMap<>();
        environment.forEach((key, value) -> surroundings.put(key, String.valueOf(value)));
        return new RunFacts(folder, ConfigFile.write(config), parameters, surroundings);
    }
}
