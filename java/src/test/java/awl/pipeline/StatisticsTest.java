package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import awl.chat.ToolMode;
import awl.task.mini.MiniKind;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniQuestions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StatisticsTest {

    @Test
    void wilsonIntervalsAreThoseOfTheBooks() {
        assertThat(new Proportion(230, 650)).hasToString("35.4 [31.8, 39.1]");
        assertThat(new Proportion(0, 10)).hasToString("0.0 [0.0, 27.8]");
        assertThat(new Proportion(0, 0)).hasToString("-");
    }

    @Test
    void alwaysNeverAndUndefinedToolUse() {
        List<Boolean> easy = new ArrayList<>(Collections.nCopies(30, true));
        easy.addAll(Collections.nCopies(10, false));
        assertThat(ToolUse.of(easy, Collections.nCopies(40, true)).value()).isEqualTo(0.5);
        assertThat(ToolUse.of(easy, Collections.nCopies(40, false)).value()).isEqualTo(0.5);
        ToolUse right = ToolUse.of(easy, easy.stream().map(each -> !each).toList());
        assertThat(right).hasToString("100.0 [100.0, 100.0]");
        assertThat(right.usedOnHard()).isEqualTo(new Proportion(10, 10));
        assertThat(right.usedOnEasy()).isEqualTo(new Proportion(0, 30));
        assertThat(ToolUse.of(Collections.nCopies(5, false), Collections.nCopies(5, true)))
                .hasToString("undefined");
    }

    @Test
    void episodesComeBackFromTheirFileAndAreSplitByTheThreshold(@TempDir Path folder) {
        List<MiniProblem> problems = new MiniQuestions(1).distinct(26, MiniKind.ALL, "p", new HashSet<>());
        List<Episode> tries = new ArrayList<>();
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < problems.size(); i++) {
                boolean right = k < i % 5;
                tries.add(new Episode(
                        problems.get(i),
                        ToolMode.NONE,
                        0,
                        false,
                        right ? problems.get(i).answer() : null,
                        right,
                        5,
                        List.of(new Episode.Turn("assistant", "answer \"x\"\n"))));
            }
        }
        Path file = folder.resolve("tries.jsonl");
        EpisodeFile.write(file, tries);
        Map<String, MiniProblem> byId = problems.stream().collect(Collectors.toMap(MiniProblem::id, each -> each));
        assertThat(EpisodeFile.read(file, byId)).isEqualTo(tries);
        Partition partition = Partition.of(tries, 0.75);
        assertThat(partition.shares().get("p3")).isEqualTo(new Proportion(3, 4));
        assertThat(partition.easy("p3")).isTrue();
        assertThat(partition.easy("p2")).isFalse();
        assertThat(partition.easyCount() + partition.hardCount()).isEqualTo(26);
    }
}
