package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import awl.chat.ToolMode;
import awl.task.mini.MiniKind;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniQuestions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PreferencesTest {

    @TempDir
    Path folder;

    private final List<MiniProblem> problems =
            new MiniQuestions(3).distinct(2, List.of(MiniKind.EQUAL, MiniKind.RANGE), "t", new HashSet<>());
    private final MiniProblem easy = problems.get(0);
    private final MiniProblem hard = problems.get(1);

    @Test
    void rightAndWellChosenIsBestAndLuckIsNot() {
        assertThat(Preferences.rank(said(easy, easy.answer()), false)).isEqualTo(2);
        assertThat(Preferences.rank(said(hard, hard.answer()), true)).as("luck").isEqualTo(1);
        assertThat(Preferences.rank(Episode.scripted(easy), false))
                .as("a needless call")
                .isEqualTo(1);
        assertThat(Preferences.rank(Episode.scripted(hard), true)).isEqualTo(2);
        assertThat(Preferences.rank(said(hard, "x"), true)).isZero();
    }

    @Test
    void whatIsBelowTheBestIsRejectedOnce() throws Exception {
        Path model = folder.resolve("model");
        MiniModel.write(model, folder.resolve("text"), 1);
        List<Episode> proposals = List.of(
                said(easy, easy.answer()), // the best there is: nothing to learn
                Episode.scripted(easy), // right, but called
                said(easy, "100"),
                said(easy, "100"), // the same again
                said(hard, "0.1"),
                Episode.scripted(hard));
        Partition partition = Partition.of(List.of(said(easy, easy.answer()), said(hard, "0.1")), 0.75);
        Path file = folder.resolve("pairs.jsonl");
        int pairs = Preferences.write(
                file, model, proposals, List.of(Episode.scripted(easy), Episode.scripted(hard)), partition);
        List<Map<String, @Nullable Object>> rows = Metrics.rows(file);
        assertThat(pairs).isEqualTo(3);
        assertThat(rows).extracting(row -> row.get("pair_weight")).containsExactly(0.5, 1.0, 1.0);
        assertThat(roles(rows.get(0), "chosen")).containsExactly("system", "user", "assistant");
        assertThat(roles(rows.get(0), "rejected")).containsExactly("system", "user", "assistant", "tool", "assistant");
        assertThat(roles(rows.get(2), "chosen")).containsExactly("system", "user", "assistant", "tool", "assistant");
        assertThat(roles(rows.get(2), "rejected")).containsExactly("system", "user", "assistant");
    }

    @Test
    void whereAllAreBestNoFileIsLeft() {
        Path model = folder.resolve("model");
        MiniModel.write(model, folder.resolve("text"), 1);
        Episode right = said(easy, easy.answer());
        Path file = folder.resolve("pairs.jsonl");
        int pairs = Preferences.write(
                file, model, List.of(right), List.of(Episode.scripted(easy)), Partition.of(List.of(right), 0.75));
        assertThat(pairs).isZero();
        assertThat(Files.exists(file)).isFalse();
    }

    private static Episode said(MiniProblem problem, String answer) {
        return new Episode(
                problem,
                ToolMode.OPTIONAL,
                0,
                false,
                answer,
                problem.isRight(answer),
                3,
                List.of(new Episode.Turn("assistant", "answer " + answer)));
    }

    private static List<String> roles(Map<String, @Nullable Object> row, String branch) {
        Map<?, ?> conversation = (Map<?, ?>) Objects.requireNonNull(row.get(branch));
        return ((List<?>) Objects.requireNonNull(conversation.get("messages")))
                .stream()
                        .map(message -> String.valueOf(((Map<?, ?>) Objects.requireNonNull(message)).get("role")))
                        .toList();
    }
}
