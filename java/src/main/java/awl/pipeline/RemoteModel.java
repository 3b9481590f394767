package awl.pipeline;

import awl.ConfigException;
import awl.model.Checkpoint;
import awl.model.ModelConfig;
import awl.model.TensorSource;
import awl.remote.HttpPolicy;
import awl.remote.RemoteSettings;
import awl.token.Renderer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A model of a run as servers have it: the one the run began with under the name that `policy.model` gives,
/// an adapter trained over it under a name of its own, which the servers are told to load and, when its
/// answers are there, to forget.
final class RemoteModel {

    private final PipelineConfig config;
    private final StageNotes notes;
    private final String base;
    private final String name;
    private final @Nullable Path adapter;
    private final ModelConfig model;

    private RemoteModel(
            PipelineConfig config,
            StageNotes notes,
            String base,
            String name,
            @Nullable Path adapter,
            ModelConfig model) {
        this.config = config;
        this.notes = notes;
        this.base = base;
        this.name = name;
        this.adapter = adapter;
        this.model = model;
    }

    /// @return null where the model answers in this process
    static @Nullable RemoteModel of(PipelineConfig config, ModelRef model, StageNotes notes) {
        PipelineConfig.Policy policy = config.policy();
        if (policy.endpoints().isEmpty()) {
            return null;
        }
        String served = policy.model() != null
                ? policy.model()
                : String.valueOf(model.path().toAbsolutePath().normalize().getFileName());
        boolean given = model.equals(ModelRef.of(config.model()));
        Path adapter = model.adapter();
        boolean handed = policy.lora()
                && adapter != null
                && model.path().equals(Path.of(config.model().path()));
        if (!given && !handed) {
            notes.say("%s answers in this process: the endpoints serve %s%s"
                    .formatted(
                            model, served, adapter == null ? "" : " (policy.lora: true would hand the adapter over)"));
            return null;
        }
        ModelConfig read;
        try (TensorSource source = Checkpoint.open(model.path())) {
            read = source.config();
        }
        return given || adapter == null
                ? new RemoteModel(config, notes, served, served, null, read)
                : new RemoteModel(
                        config,
                        notes,
                        served,
                        "awl-" + hash(adapter),
                        adapter.toAbsolutePath().normalize(),
                        read);
    }

    /// The same bytes have the same name, so that a name a server knows already is no other adapter.
    private static String hash(Path adapter) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(Files.readAllBytes(adapter.resolve("adapter_config.json")));
            digest.update(Files.readAllBytes(adapter.resolve("adapter_model.safetensors")));
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (IOException e) {
            throw new ConfigException(adapter + ": cannot be read: " + e, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /// Tokens that end a turn.
    List<Integer> stops() {
        return ModelRef.stops(model);
    }

    /// @param after to be closed when `turns` is
    record Open(TurnWriter turns, KeptAnswers kept, Runnable after) {
        void close() {
            after.run();
            kept.close();
        }
    }

    /// Begins to ask.
    ///
    /// @param kept file of answers
    Open open(Renderer renderer, Path kept) {
        PipelineConfig.Policy policy = config.policy();
        RemoteSettings settings = RemoteSettings.of(
                policy.endpoints(),
                policy.keyEnv(),
                policy.concurrency(),
                Duration.ofMillis(Math.round(policy.timeout() * 1000)),
                policy.retries());
        KeptAnswers answers = new KeptAnswers(kept, notes::say);
        HttpPolicy asked = new HttpPolicy(settings, name, answers, notes::say);
        asked.tellIfUnlisted(base);
        int context = Math.min(config.episode().context(), model.maxPositions());
        TurnWriter turns = new RemoteTurns(asked, policy, renderer, context, model.vocabSize());
        Path handed = adapter;
        if (handed == null) {
            return new Open(turns, answers, () -> {});
        }
        try {
            asked.adapters().load(base, name, handed);
        } catch (RuntimeException e) {
            turns.close();
            answers.close();
            throw e;
        }
        notes.say("%s is served as %s".formatted(handed, name));
        return new Open(turns, answers, () -> {
            // The policy that asked is closed by now, and what it left with it.
            try (HttpPolicy last = new HttpPolicy(settings, name, answers, notes::say)) {
                last.adapters().unload(name);
            }
        });
    }
}
