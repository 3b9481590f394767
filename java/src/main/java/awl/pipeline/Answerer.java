package awl.pipeline;

import awl.model.Decoder;
import awl.sample.Sampling;
import awl.task.Problem;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.token.Renderer;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A model that answers questions into files. The weights are read when the first answer is asked for that no
/// file has.
final class Answerer implements AutoCloseable {

    private final PipelineConfig config;
    private final ModelRef model;
    private final StopSignal stop;
    private final CheckpointText text;
    private final Renderer renderer;
    private final ProblemSetting setting;
    private final Set<Sampling> said = new HashSet<>();
    private @Nullable Decoder decoder;

    private Answerer(PipelineConfig config, ModelRef model, StopSignal stop, List<Problem> demonstrations) {
        this.config = config;
        this.model = model;
        this.stop = stop;
        this.text = CheckpointTexts.open(model.path());
        Renderer own = text.renderer(true);
        String named = config.model().callFormat();
        this.renderer = named == null ? own : own.withCallFormat(CallFormat.named(named, "model.call_format"));
        this.setting =
                new ProblemSetting(config, PromptTexts.of(config.prompts()), renderer.callFormat(), demonstrations);
    }

    /// @param demonstrations shown under P_f
    static Answerer open(PipelineConfig config, ModelRef model, StopSignal stop, List<Problem> demonstrations) {
        return new Answerer(config, model, stop, demonstrations);
    }

    Renderer renderer() {
        return renderer;
    }

    ProblemSetting setting() {
        return setting;
    }

    /// Answers what the file does not have yet; each answer is on disk before the next step of the model.
    ///
    /// @param about how the questions are put
    /// @param tokenised whether the file keeps tokens
    /// @param notes told how many are done
    void answer(
            List<AgentLoop.Question> questions,
            Sampling sampling,
            Setting about,
            Path file,
            boolean tokenised,
            StageNotes notes,
            String what) {
        try (AppendedFile out = AppendedFile.open(file, notes::say)) {
            Set<String> there = new HashSet<>();
            for (Trajectory each : Trajectory.readAll(file)) {
                there.add(each.key());
            }
            List<AgentLoop.Question> left = questions.stream()
                    .filter(each -> !there.contains(each.key()))
                    .toList();
            if (left.isEmpty()) {
                return;
            }
            if (said.add(sampling)) {
                notes.say("sampling: %s, seed %d".formatted(sampling.describe(), sampling.seed()));
            }
            IntConsumer progress = notes.progress(what, questions.size());
            int[] done = {questions.size() - left.size()};
            try (Writing writing = writing(file, notes);
                    AgentLoop loop = new AgentLoop(renderer, writing.writer, writing.stops, about, config.episode())) {
                loop.run(left.iterator(), sampling, each -> {
                    out.append(each.json(tokenised));
                    out.force();
                    progress.accept(++done[0]);
                    if (stop.isRequested()) {
                        throw new StageStopped(stop.exitCode());
                    }
                });
            }
        }
    }

    /// Who writes turns, and what is to be done when the loop has closed it.
    private record Writing(TurnWriter writer, List<Integer> stops, Runnable after) implements AutoCloseable {
        @Override
        public void close() {
            after.run();
        }
    }

    private Writing writing(Path file, StageNotes notes) {
        RemoteModel remote = RemoteModel.of(config, model, notes);
        if (remote != null) {
            Path kept = file.resolveSibling("remote-answers.jsonl");
            RemoteModel.Open open = remote.open(renderer, kept);
            return new Writing(open.turns(), remote.stops(), open::close);
        }
        Decoder loaded = decoder;
        if (loaded == null) {
            loaded = model.load(config.model().precision(), config.model().device());
            decoder = loaded;
            notes.say("%s: %s".formatted(model, loaded.numbers()));
        }
        TurnWriter local = new LocalTurns(
                ModelRef.slots(loaded, config.episode()), config.episode().batchTokens());
        return new Writing(local, ModelRef.stops(loaded), () -> {});
    }

    @Override
    public void close() {
        setting.close();
        if (decoder != null) {
            decoder.close();
        }
        text.close();
    }
}
