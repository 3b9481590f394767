package awl.train;

import awl.ConfigException;
import awl.track.TrackConfig;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads and checks a [TrainConfig]: every error names file, line and key, and a misspelt key the one that was
/// meant.
public final class ConfigFile {

    private ConfigFile() {}

    /// @param overrides `key=value`, later ones win
    public static TrainConfig read(Path file, List<String> overrides) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e, e);
        }
        YamlTree tree = YamlTree.parse(file.toString(), text);
        overrides.forEach(tree::set);
        tree.requireKnown(YamlRecords.schema(TrainConfig.class));
        addDefaults(tree);
        TrainConfig config = bind(tree);
        check(tree, config);
        return config;
    }

    /// The same configuration as YAML that [#read] takes.
    public static String write(TrainConfig config) {
        return YamlRecords.write(config);
    }

    private static void addDefaults(YamlTree tree) {
        ObjectNode root = tree.root();
        for (String section : List.of("model", "data", "objective", "train", "optimizer", "schedule", "checkpoint")) {
            if (!(root.get(section) instanceof ObjectNode)) {
                root.putObject(section);
            }
        }
        addObjective(tree);
        tree.addDefaults(YamlRecords.resource("train-defaults.yaml"));
        boolean adapter = root.path("model").path("adapter").isTextual();
        if (adapter || root.get("lora") instanceof ObjectNode) {
            if (!(root.get("lora") instanceof ObjectNode)) {
                root.putObject("lora");
            }
            ObjectNode defaults = adapter ? ofAdapter(tree) : YamlRecords.resource("lora-defaults.yaml");
            JsonNode rank = root.path("lora").hasNonNull("rank") ? root.at("/lora/rank") : defaults.path("rank");
            if (!adapter) {
                defaults.put("alpha", 2 * rank.asDouble());
            }
            ObjectNode wrapped = defaults.objectNode();
            wrapped.set("lora", defaults);
            tree.addDefaults(wrapped);
            if (adapter) {
                requireSame(tree, defaults);
            }
        }
        boolean full = !root.hasNonNull("lora");
        ObjectNode rate = root.objectNode();
        rate.putObject("optimizer").put("lr", full ? 1e-5 : 2e-4);
        tree.addDefaults(rate);
    }

    /// Defaults of the type (the mixed objective counts every row the same); a key of another type is refused, for it
    /// would be without effect.
    private static void addObjective(YamlTree tree) {
        ObjectNode given = (ObjectNode) tree.root().get("objective");
        ObjectiveConfig.Type type;
        try {
            type = given.hasNonNull("type")
                    ? YamlRecords.BIND.treeToValue(given.path("type"), ObjectiveConfig.Type.class)
                    : ObjectiveConfig.Type.CROSS_ENTROPY;
        } catch (JsonProcessingException e) {
            return; // said by bind, with the place
        }
        given.properties().forEach(entry -> {
            List<ObjectiveConfig.Type> readers = ObjectiveConfig.readers(entry.getKey());
            if (!entry.getValue().isNull() && !readers.contains(type)) {
                throw tree.wrong(
                        "objective." + entry.getKey(),
                        "belongs to objective.type %s, which is %s here"
                                .formatted(
                                        readers.stream()
                                                .map(ObjectiveConfig.Type::key)
                                                .collect(Collectors.joining(" or ")),
                                        type.key()));
            }
        });
        ObjectNode defaults = tree.root().objectNode();
        if (type == ObjectiveConfig.Type.MIXED) {
            defaults.putObject("data").put("reduction", "example_mean");
        }
        defaults.set("objective", YamlRecords.BIND.valueToTree(ObjectiveConfig.DEFAULTS.get(type)));
        tree.addDefaults(defaults);
    }

    /// The `lora` section that a PEFT folder stands for.
    private static ObjectNode ofAdapter(YamlTree tree) {
        Path file = Path.of(tree.root().at("/model/adapter").textValue(), "adapter_config.json");
        try {
            JsonNode peft = YamlRecords.BIND.readTree(Files.readAllBytes(file));
            ObjectNode lora = YamlRecords.BIND.createObjectNode();
            lora.set("rank", peft.path("r"));
            lora.set("alpha", peft.path("lora_alpha"));
            lora.set("targets", peft.path("target_modules"));
            lora.put("dropout", peft.path("lora_dropout").asDouble());
            lora.put("rslora", peft.path("use_rslora").asBoolean());
            return lora;
        } catch (IOException e) {
            throw new ConfigException(
                    "%s: model.adapter: expected a PEFT folder, but %s cannot be read: %s"
                            .formatted(tree.place("model.adapter"), file, e.getMessage()),
                    e);
        }
    }

    /// An adapter brings its shape with it; only the dropout may be chosen anew.
    private static void requireSame(YamlTree tree, ObjectNode adapter) {
        for (String key : List.of("rank", "alpha", "rslora")) {
            JsonNode given = tree.root().at("/lora/" + key);
            JsonNode has = adapter.path(key);
            boolean same = has.isNumber() ? given.isNumber() && given.asDouble() == has.asDouble() : given.equals(has);
            if (!same) {
                throw tree.wrong(
                        "lora." + key,
                        "the adapter in model.adapter has %s, found %s; leave it out".formatted(has, given));
            }
        }
    }

    private static TrainConfig bind(YamlTree tree) {
        for (String required : List.of("model.path", "data.train", "output")) {
            JsonNode node = tree.root().at("/" + required.replace('.', '/'));
            if (!node.isTextual() || node.textValue().isBlank()) {
                throw tree.wrong(required, "expected a path, found " + (node.isMissingNode() ? "nothing" : node));
            }
        }
        return YamlRecords.bind(tree, TrainConfig.class);
    }

    private static void check(YamlTree tree, TrainConfig config) {
        List<Check> checks = new ArrayList<>();
        TrainConfig.Train train = config.train();
        checks.add(new Check(
                "model.precision",
                Set.of("fp32", "bf16", "auto").contains(config.model().precision()),
                "fp32, bf16 or auto"));
        checks.add(new Check(
                "train.steps", (train.steps() == null) != (train.epochs() == null), "exactly one of steps and epochs"));
        checks.add(new Check("train.steps", train.steps() == null || train.steps() > 0, "at least 1"));
        checks.add(new Check("train.epochs", train.epochs() == null || positive(train.epochs()), "more than 0"));
        checks.add(new Check("train.batch_size", train.batchSize() > 0, "at least 1"));
        checks.add(new Check("train.micro_batch_size", atLeastOne(train.microBatchSize()), "at least 1"));
        checks.add(new Check("train.zero", train.zero() >= 0 && train.zero() <= 2, "0, 1 or 2"));
        checks.add(new Check("train.bucket_mib", train.bucketMib() > 0, "at least 1"));
        checks.add(new Check(
                "train.backend", Set.of("auto", "gloo", "nccl").contains(train.backend()), "auto, gloo or nccl"));
        checks.add(new Check("train.clip_norm", train.clipNorm() >= 0, "0 (off) or more"));
        checks.add(new Check(
                "data.max_length",
                config.data().maxLength() == null || config.data().maxLength() > 1,
                "at least 2"));
        ObjectiveConfig objective = config.objective();
        checks.add(new Check("objective.alpha", objective.alpha() == null || share(objective.alpha()), "0 to 1"));
        checks.add(new Check("objective.lambda", objective.lambda() == null || share(objective.lambda()), "0 to 1"));
        checks.add(new Check("objective.beta", objective.beta() == null || positive(objective.beta()), "more than 0"));
        checks.add(new Check(
                "objective.sft_weight",
                objective.sftWeight() == null || (objective.sftWeight() >= 0 && Double.isFinite(objective.sftWeight())),
                "0 or more"));
        TrainConfig.Optimizer adam = config.optimizer();
        checks.add(new Check(
                "optimizer.lr", adam.lr() >= 0 && Double.isFinite(adam.lr()), "a finite number of at least 0"));
        checks.add(new Check(
                "optimizer.betas",
                adam.betas().size() == 2 && adam.betas().stream().allMatch(b -> b >= 0 && b < 1),
                "two numbers from 0 to below 1"));
        checks.add(new Check("optimizer.eps", adam.eps() > 0 && Double.isFinite(adam.eps()), "more than 0"));
        checks.add(new Check(
                "optimizer.weight_decay", adam.weightDecay() >= 0 && Double.isFinite(adam.weightDecay()), "0 or more"));
        TrainConfig.Schedule schedule = config.schedule();
        checks.add(new Check(
                "schedule.warmup_steps",
                schedule.warmupSteps() == null || schedule.warmupRatio() == null,
                "at most one of warmup_steps and warmup_ratio"));
        checks.add(new Check(
                "schedule.warmup_steps", schedule.warmupSteps() == null || schedule.warmupSteps() >= 0, "0 or more"));
        checks.add(new Check(
                "schedule.warmup_ratio", schedule.warmupRatio() == null || share(schedule.warmupRatio()), "0 to 1"));
        checks.add(new Check("schedule.min_ratio", share(schedule.minRatio()), "0 to 1"));
        checks.add(new Check("checkpoint.every", config.checkpoint().every() > 0, "at least 1"));
        checks.add(new Check("checkpoint.keep", config.checkpoint().keep() > 0, "at least 1"));
        if (config.lora() != null) {
            TrainConfig.Lora lora = config.lora();
            checks.add(new Check("lora.rank", lora.rank() > 0, "at least 1"));
            checks.add(new Check("lora.alpha", positive(lora.alpha()), "more than 0"));
            checks.add(new Check("lora.dropout", lora.dropout() >= 0 && lora.dropout() < 1, "0 to below 1"));
            checks.add(new Check("lora.targets", !lora.targets().isEmpty(), "all-linear or names of linear layers"));
        }
        if (config.tracking() != null) {
            TrackConfig.Mlflow mlflow = config.tracking().mlflow();
            checks.add(new Check(
                    "tracking.mlflow.uri",
                    mlflow == null || mlflow.addressable(),
                    "http://... or https://... without credentials, which belong into variables"));
            TrackConfig.Prometheus prometheus = config.tracking().prometheus();
            checks.add(new Check(
                    "tracking.prometheus.port", prometheus == null || prometheus.valid(), "0 (any) to 65535"));
        }
        for (Check check : checks) {
            if (!check.holds()) {
                JsonNode found = tree.root().at("/" + check.key().replace('.', '/'));
                throw tree.wrong(
                        check.key(),
                        "expected %s, found %s".formatted(check.expected(), found.isMissingNode() ? "nothing" : found));
            }
        }
    }

    private record Check(String key, boolean holds, String expected) {}

    private static boolean positive(double value) {
        return value > 0 && Double.isFinite(value);
    }

    private static boolean share(double value) {
        return value >= 0 && value <= 1;
    }

    private static boolean atLeastOne(@Nullable Integer value) {
        return value == null || value > 0;
    }
}
