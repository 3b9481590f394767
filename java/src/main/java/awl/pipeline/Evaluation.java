package awl.pipeline;

import awl.chat.ToolMode;
import awl.task.mini.MiniKind;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// One model on the unseen questions, greedily, under all three prompts.
///
/// @param byMode episodes in the order of the questions
record Evaluation(String name, Map<ToolMode, List<Episode>> byMode) {

    static Evaluation of(String name, List<Episode> episodes) {
        Map<ToolMode, List<Episode>> byMode = new EnumMap<>(ToolMode.class);
        for (ToolMode mode : ToolMode.values()) {
            byMode.put(
                    mode, episodes.stream().filter(each -> each.mode() == mode).toList());
        }
        return new Evaluation(name, byMode);
    }

    List<Episode> under(ToolMode mode) {
        return java.util.Objects.requireNonNull(byMode.get(mode));
    }

    Proportion accuracy(ToolMode mode) {
        return Proportion.of(under(mode), Episode::right);
    }

    Proportion exactCalls(ToolMode mode) {
        return Proportion.of(under(mode), Episode::exact);
    }

    /// Share of questions with a call.
    Proportion toolRate(ToolMode mode) {
        return Proportion.of(under(mode), Episode::usedTool);
    }

    Proportion toolRate(MiniKind kind) {
        return Proportion.of(
                under(ToolMode.OPTIONAL).stream()
                        .filter(each -> each.problem().kind() == kind)
                        .toList(),
                Episode::usedTool);
    }

    Proportion accuracy(ToolMode mode, MiniKind kind) {
        return Proportion.of(
                under(mode).stream()
                        .filter(each -> each.problem().kind() == kind)
                        .toList(),
                Episode::right);
    }

    /// Tool-usage accuracy; a question is easy where this model answers it without tools.
    ToolUse toolUseBySelf() {
        return toolUse(easyBySelf());
    }

    /// Tool-usage accuracy; a question is easy where its kind is: the same for all models.
    ToolUse toolUseByKind() {
        return toolUse(easyByKind());
    }

    List<Boolean> easyBySelf() {
        return under(ToolMode.NONE).stream().map(Episode::right).toList();
    }

    List<Boolean> easyByKind() {
        return under(ToolMode.OPTIONAL).stream()
                .map(each -> !each.problem().kind().hard())
                .toList();
    }

    List<Boolean> usedTool() {
        return under(ToolMode.OPTIONAL).stream().map(Episode::usedTool).toList();
    }

    private ToolUse toolUse(List<Boolean> easy) {
        return ToolUse.of(easy, usedTool());
    }

    double callsPerQuestion(ToolMode mode) {
        return under(mode).stream().mapToInt(Episode::calls).average().orElse(Double.NaN);
    }

    double tokensPerQuestion(ToolMode mode) {
        return under(mode).stream().mapToInt(Episode::tokens).average().orElse(Double.NaN);
    }
}
