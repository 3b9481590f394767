package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.chat.ToolMode;
import awl.sample.Sampling;
import awl.task.mini.MiniKind;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniQuestions;
import awl.train.StopSignal;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EpisodesTest {

    @TempDir
    Path folder;

    @org.junit.jupiter.api.BeforeAll
    static void oneThread() {
        awl.tensor.Threads.set(1);
    }

    @Test
    void aModelThatNeverEndsSpendsItsBudgetAndDrawsDoNotDependOnTheCompany() {
        MiniModel.write(folder.resolve("m"), folder.resolve("text"), 1);
        List<MiniProblem> problems = new MiniQuestions(1).distinct(13, MiniKind.ALL, "p", new HashSet<>());
        List<Episodes.Asked> asked = new ArrayList<>();
        for (ToolMode mode : ToolMode.values()) {
            problems.forEach(each -> asked.add(new Episodes.Asked(each, mode, asked.size())));
        }
        try (Episodes episodes = Episodes.open(folder.resolve("m"))) {
            List<Episode> greedy = episodes.run(asked, Sampling.GREEDY, done -> {});
            assertThat(greedy).extracting(Episode::problem).startsWith(problems.toArray(new MiniProblem[0]));
            assertThat(greedy).allSatisfy(each -> assertThat(each.tokens()).isBetween(1, 96));
            Sampling warm = Sampling.at(1, 3);
            List<Episode> together = episodes.run(asked, warm, done -> {});
            List<Episode> alone = episodes.run(asked.subList(20, 21), warm, done -> {});
            assertThat(alone).isEqualTo(together.subList(20, 21));
        }
    }

    @Test
    void aFolderOfAnotherPlanIsRefused() throws java.io.IOException {
        Files.writeString(folder.resolve("quickstart.json"), "{\"seed\": 7}");
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        Quickstart quickstart = new Quickstart(QuickstartPlan.brief(1), folder, new StopSignal(), nowhere);
        assertThatThrownBy(() -> quickstart.run(1))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("other numbers");
    }

    @Test
    void aStageThatIsDoneIsNotRunAgainAndTimesAddUp() {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        int[] runs = {0};
        StageLog log = new StageLog(folder, nowhere, 2);
        log.stage("one", () -> false, () -> runs[0]++);
        log.stage("two", () -> true, () -> runs[0] += 10);
        assertThat(runs[0]).isEqualTo(1);
        StageLog again = new StageLog(folder, nowhere, 2);
        again.stage("one", () -> false, () -> runs[0]++);
        assertThat(again.seconds()).containsOnlyKeys("one");
        assertThat(again.seconds().get("one")).isGreaterThan(log.seconds().get("one"));
    }
}
