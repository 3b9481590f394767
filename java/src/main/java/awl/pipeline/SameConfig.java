package awl.pipeline;

import awl.ConfigException;
import awl.Json;
import awl.train.YamlRecords;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/// A run goes on only with the numbers and prompts its folder was begun with.
final class SameConfig {

    /// Keys that may differ when a run goes on: they change how fast it is and what is measured, not what is learned.
    private static final List<String> MAY_CHANGE = List.of(
            "output",
            "model.path",
            "policy.",
            "checkpoint.",
            "tracking.",
            "evaluate.",
            "episode.batch",
            "episode.batch_tokens",
            "problems.train_files",
            "problems.test_files");

    private SameConfig() {}

    /// Keeps them where the folder is new.
    ///
    /// @throws ConfigException with the first key that is another
    static void require(PipelineConfig config, RunLayout layout) {
        String prompts = Json.writeIndented(PromptTexts.of(config.prompts()).json()) + "\n";
        try {
            if (!Files.exists(layout.config())) {
                Files.writeString(layout.prompts(), prompts);
                Path beside = layout.folder().resolve(".pipeline.yaml.part");
                Files.writeString(beside, "# as it was begun, defaults filled in\n" + PipelineConfigFile.write(config));
                Files.move(beside, layout.config(), StandardCopyOption.ATOMIC_MOVE);
                return;
            }
            PipelineConfig before = PipelineConfigFile.read(layout.config(), List.of());
            for (YamlRecords.Change change : YamlRecords.changes(before, config)) {
                String key = change.key();
                if (MAY_CHANGE.stream()
                        .noneMatch(each -> each.endsWith(".") ? key.startsWith(each) : key.equals(each))) {
                    throw new ConfigException(
                            "%s was begun with %s %s, now it is %s; put it back, or name another output"
                                    .formatted(layout.folder(), key, change.before(), change.now()));
                }
            }
            if (!Files.readString(layout.prompts()).equals(prompts)) {
                throw new ConfigException("%s was begun with other prompts (%s); put them back, or name another output"
                        .formatted(layout.folder(), layout.prompts()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use " + layout.folder(), e);
        }
    }
}
