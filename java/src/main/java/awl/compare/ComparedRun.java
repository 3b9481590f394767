package awl.compare;

import awl.ConfigException;
import awl.Json;
import awl.track.MetricLine;
import awl.train.YamlTree;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A run as its folder tells it: one of `awl train`, or of the whole method.
///
/// @param name as short as it can be among the others
/// @param config `section.key` and value
/// @param steps lines of `metrics.jsonl`; empty for a run of the method
/// @param validation lines of `validation.jsonl`
/// @param fingerprint of the training rows, from the newest checkpoint; null where there is none
/// @param evaluations models of `results.json`
record ComparedRun(
        String name,
        Path folder,
        Map<String, String> config,
        List<MetricLine> steps,
        List<MetricLine> validation,
        @Nullable String fingerprint,
        List<Map<String, @Nullable Object>> evaluations) {

    /// Reads the runs; a run of the method brings those it trained.
    ///
    /// @throws ConfigException where a folder holds no run
    static List<ComparedRun> read(List<Path> folders) {
        List<Path> all = new ArrayList<>();
        for (Path folder : folders) {
            Path place = folder.toAbsolutePath().normalize();
            List<Path> inside = isTraining(place) ? List.of(place) : inside(place);
            if (Files.exists(place.resolve("results.json"))) {
                all.add(place);
            } else if (inside.isEmpty()) {
                throw new ConfigException(folder
                        + ": expected the folder of a run, with metrics.jsonl (awl train) or results.json (awl run)");
            }
            all.addAll(inside);
        }
        List<Path> once = all.stream().distinct().toList();
        return once.stream().map(each -> one(each, name(each, once))).toList();
    }

    private static boolean isTraining(Path folder) {
        return Files.exists(folder.resolve("metrics.jsonl"));
    }

    private static List<Path> inside(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(folder, 2)) {
            return paths.filter(ComparedRun::isTraining).sorted().toList();
        } catch (IOException e) {
            throw new ConfigException(folder + ": cannot be read: " + e, e);
        }
    }

    /// As many names from the end of the path as tell it from all others.
    private static String name(Path folder, List<Path> all) {
        for (int names = 1; names < folder.getNameCount(); names++) {
            Path end = folder.subpath(folder.getNameCount() - names, folder.getNameCount());
            if (all.stream().filter(other -> other.endsWith(end)).count() == 1) {
                return end.toString();
            }
        }
        return folder.toString();
    }

    private static ComparedRun one(Path folder, String name) {
        try {
            return new ComparedRun(
                    name,
                    folder,
                    config(folder),
                    MetricLine.read(folder.resolve("metrics.jsonl"), MetricLine.TRAIN),
                    MetricLine.read(folder.resolve("validation.jsonl"), MetricLine.VALIDATION),
                    fingerprint(folder),
                    evaluations(folder));
        } catch (IOException e) {
            throw new ConfigException(folder + ": cannot be read: " + e, e);
        }
    }

    private static Map<String, String> config(Path folder) throws IOException {
        for (String name : List.of("config.yaml", "pipeline.yaml")) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                Map<String, String> flat = new LinkedHashMap<>();
                flatten(
                        "",
                        YamlTree.parse(file.toString(), Files.readString(file)).root(),
                        flat);
                return flat;
            }
        }
        return Map.of();
    }

    private static void flatten(String path, JsonNode node, Map<String, String> into) {
        if (node.isObject()) {
            node.properties()
                    .forEach(each -> flatten(
                            path.isEmpty() ? each.getKey() : path + "." + each.getKey(), each.getValue(), into));
        } else {
            into.put(path, node.isTextual() ? node.textValue() : node.toString());
        }
    }

    private static @Nullable String fingerprint(Path folder) throws IOException {
        Path checkpoints = folder.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return null;
        }
        try (Stream<Path> paths = Files.list(checkpoints)) {
            Optional<Path> state = paths.map(each -> each.resolve("state.json"))
                    .filter(Files::exists)
                    .sorted()
                    .findFirst();
            return state.isEmpty()
                    ? null
                    : Json.tree(state.get(), 1 << 20).path("data_fingerprint").asText(null);
        }
    }

    private static List<Map<String, @Nullable Object>> evaluations(Path folder) throws IOException {
        Path file = folder.resolve("results.json");
        if (!Files.exists(file)) {
            return List.of();
        }
        List<Map<String, @Nullable Object>> models = new ArrayList<>();
        if (Json.object(Files.readString(file), file.toString()).get("models") instanceof List<?> list) {
            list.forEach(each -> models.add(Json.asObject(each, file + ": models")));
        }
        return models;
    }
}
