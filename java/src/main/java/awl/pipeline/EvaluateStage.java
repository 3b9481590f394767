package awl.pipeline;

import awl.chat.ToolMode;
import awl.sample.Sampling;
import awl.task.Gold;
import awl.task.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Step 4: unseen questions, greedily, under each prompt; open-ended ones under P_i alone. A call under P_n is refused
/// and graded wrong.
final class EvaluateStage {

    private final PipelineConfig config;
    private final Answerer answerer;
    private final StageNotes notes;

    EvaluateStage(PipelineConfig config, Answerer answerer, StageNotes notes) {
        this.config = config;
        this.answerer = answerer;
        this.notes = notes;
    }

    /// Fills the file up.
    void run(List<Problem> unseen, Path file) {
        List<AgentLoop.Question> questions = new ArrayList<>();
        for (PipelineConfig.Prompt prompt : config.evaluate().prompts()) {
            for (Problem problem : unseen) {
                if (!(problem.gold() instanceof Gold.Open) || prompt.mode() == ToolMode.OPTIONAL) {
                    questions.add(new AgentLoop.Question(problem, prompt.mode(), 0));
                }
            }
        }
        answerer.answer(questions, Sampling.GREEDY, answerer.setting(), file, false, notes, "answers");
    }
}
