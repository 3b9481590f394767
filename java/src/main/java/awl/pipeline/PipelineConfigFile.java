package awl.pipeline;

import awl.ConfigException;
import awl.train.TrainConfig;
import awl.train.YamlRecords;
import awl.train.YamlTree;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads and checks a [PipelineConfig]: every error names file, line and key, and a misspelt key the one that was
/// meant.
public final class PipelineConfigFile {

    /// Sections that `awl train` has too; what a stage itself decides is no key here.
    private static final List<String> OF_TRAINING =
            List.of("lora", "data", "objective", "train", "optimizer", "schedule", "checkpoint", "tracking");

    private static final Set<String> OPTIONAL = Set.of("lora", "tracking");

    private static final Map<String, Set<String>> DECIDED = Map.of(
            "data", Set.of("train", "validation", "call_format"),
            "objective", Set.of("type", "reference", "beta", "sft_weight"),
            "train", Set.of("steps", "seed"));

    private PipelineConfigFile() {}

    /// @param overrides `key=value`, later ones win
    public static PipelineConfig read(Path file, List<String> overrides) {
        try {
            return parse(file.toString(), Files.readString(file), overrides);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e, e);
        }
    }

    /// A run that ships with the engine.
    ///
    /// @param name of a file in `awl/runs`
    public static PipelineConfig shipped(String name, List<String> overrides) {
        return parse(name, YamlRecords.resourceText(name), overrides);
    }

    /// @param name for messages
    static PipelineConfig parse(String name, String text, List<String> overrides) {
        YamlTree tree = YamlTree.parse(name, text);
        overrides.forEach(tree::set);
        tree.requireKnown(schema());
        ObjectNode root = tree.root();
        for (String section : OF_TRAINING) {
            if (!OPTIONAL.contains(section) && !(root.get(section) instanceof ObjectNode)) {
                root.putObject(section);
            }
        }
        tree.addDefaults(YamlRecords.resource("pipeline-defaults.yaml"));
        for (String required : List.of("model.path", "output")) {
            JsonNode node = root.at("/" + required.replace('.', '/'));
            if (!node.isTextual() || node.textValue().isBlank()) {
                throw tree.wrong(required, "expected a path, found " + (node.isMissingNode() ? "nothing" : node));
            }
        }
        PipelineConfig config = YamlRecords.bind(tree, PipelineConfig.class);
        check(tree, config);
        return config;
    }

    /// The same configuration as YAML that [#read] takes.
    public static String write(PipelineConfig config) {
        return YamlRecords.write(config);
    }

    private static Map<String, Set<String>> schema() {
        Map<String, Set<String>> schema = YamlRecords.schema(PipelineConfig.class);
        Map<String, Set<String>> training = YamlRecords.schema(TrainConfig.class);
        for (String section : OF_TRAINING) {
            Set<String> keys = new HashSet<>(training.getOrDefault(section, Set.of()));
            keys.removeAll(DECIDED.getOrDefault(section, Set.of()));
            schema.put(section, keys);
        }
        training.forEach((section, keys) -> {
            if (section.startsWith("tracking.")) {
                schema.put(section, keys);
            }
        });
        return schema;
    }

    private record Check(String key, boolean holds, String expected) {}

    private static void check(YamlTree tree, PipelineConfig config) {
        PipelineConfig.Problems problems = config.problems();
        PipelineConfig.EpisodeLimits episode = config.episode();
        PipelineConfig.PartitionRule partition = config.partition();
        List<Check> checks = new ArrayList<>();
        checks.add(new Check(
                "problems.sets",
                !problems.sets().isEmpty() || !problems.trainFiles().isEmpty(),
                "at least one set, or train_files"));
        PipelineConfig.Policy policy = config.policy();
        checks.add(new Check("policy.concurrency", policy.concurrency() > 0, "at least 1"));
        checks.add(new Check("policy.timeout", policy.timeout() > 0, "more than 0"));
        checks.add(new Check("policy.retries", policy.retries() >= 0, "0 or more"));
        checks.add(new Check("problems.train", problems.train() >= 0, "0 or more"));
        checks.add(new Check("problems.test", problems.test() >= 0, "0 or more"));
        checks.add(new Check("problems.open", problems.open() >= 0, "0 or more"));
        checks.add(new Check("prompts.shots", config.prompts().shots() >= 0, "0 or more"));
        checks.add(new Check("tools.seconds", config.tools().seconds() > 0, "more than 0"));
        checks.add(new Check("episode.messages", episode.messages() > 0, "at least 1"));
        checks.add(new Check("episode.calls", episode.calls() >= 0, "0 or more"));
        checks.add(new Check("episode.tokens", episode.tokens() > 0, "at least 1"));
        checks.add(new Check("episode.turn_tokens", episode.turnTokens() > 0, "at least 1"));
        checks.add(new Check("episode.seconds", episode.seconds() > 0, "more than 0"));
        checks.add(new Check("episode.context", episode.context() > 1, "at least 2"));
        checks.add(new Check("episode.batch", episode.batch() > 0, "at least 1"));
        checks.add(new Check("episode.batch_tokens", episode.batchTokens() > 0, "at least 1"));
        checks.add(new Check("solve.tries", config.solve().tries() > 0, "at least 1"));
        checks.add(new Check("solve.temperature", config.solve().temperature() >= 0, "0 or more"));
        checks.add(new Check("partition.samples", partition.samples() > 0, "at least 1"));
        checks.add(new Check(
                "partition.max_samples", partition.maxSamples() > 0, "at least 1; that of samples turns it off"));
        checks.add(new Check("partition.temperature", partition.temperature() >= 0, "0 or more"));
        checks.add(new Check("partition.tau", partition.tau() > 0 && partition.tau() <= 1, "more than 0, at most 1"));
        checks.add(new Check(
                "partition.samples",
                partition.temperature() > 0 || partition.samples() == 1,
                "1 with temperature 0, for all tries are the same"));
        checks.add(new Check("preference.proposals", config.preference().proposals() >= 0, "0 (off) or more"));
        checks.add(new Check("preference.proposals", config.preference().proposals() != 1, "at least 2 to compare"));
        checks.add(new Check(
                "preference.type",
                Set.of("dpo", "ipo").contains(config.preference().type()),
                "dpo or ipo"));
        checks.add(new Check(
                "problems.open",
                config.preference().proposals() == 0 || problems.open() > 0,
                "at least 1, for preference.proposals asks for open-ended questions"));
        checks.add(new Check(
                "evaluate.models",
                config.preference().proposals() == 0
                        || config.evaluate().models().contains(PipelineConfig.Variant.MIXED),
                "mixed among them, for preference.proposals come from it"));
        checks.add(new Check(
                "evaluate.models", !config.evaluate().models().isEmpty(), "at least one of base, mixed and others"));
        checks.add(new Check("evaluate.prompts", !config.evaluate().prompts().isEmpty(), "none, optional or forced"));
        checks.add(new Check("evaluate.resamples", config.evaluate().resamples() > 0, "at least 1"));
        checks.add(new Check("rounds", config.rounds() > 0, "at least 1"));
        for (Check check : checks) {
            if (!check.holds) {
                JsonNode found = tree.root().at("/" + check.key.replace('.', '/'));
                throw tree.wrong(check.key, "expected %s, found %s".formatted(check.expected, found));
            }
        }
    }
}
