package awl.task.mini;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class MiniQuestionsTest {

    @Test
    void setsShareNoTextAndASeedGivesTheSameOnes() {
        Set<String> taken = new HashSet<>();
        List<MiniProblem> unseen = new MiniQuestions(1).distinct(130, MiniKind.ALL, "e", taken);
        List<MiniProblem> training = new MiniQuestions(2).distinct(520, MiniKind.ALL, "t", taken);
        assertThat(unseen).hasSize(130);
        assertThat(training).hasSize(520);
        assertThat(taken).hasSize(650);
        assertThat(unseen.stream().filter(each -> each.kind() == MiniKind.HEAT)).hasSize(10);
        assertThat(new MiniQuestions(1).distinct(130, MiniKind.ALL, "e", new HashSet<>()))
                .isEqualTo(unseen);
    }

    @Test
    void everyAnswerIsTheToolsAndTheQuestionNamesItsNumbersInOrder() {
        MiniQuestions questions = new MiniQuestions(3);
        for (int i = 0; i < 2000; i++) {
            MiniProblem problem = questions.next(MiniKind.ALL);
            assertThat(problem.answer()).isNotEqualTo(MiniTools.ERROR);
            assertThat(problem.isRight(problem.answer())).isTrue();
            assertThat(problem.isRight("")).isFalse();
            int at = 0;
            Object before = null;
            for (Map.Entry<String, Object> argument : problem.arguments().entrySet()) {
                boolean twice = argument.getValue().equals(before) && problem.kind() == MiniKind.EQUAL;
                if (!argument.getKey().equals("kind") && !twice) {
                    at = problem.question().indexOf(String.valueOf(argument.getValue()), at);
                    assertThat(at).as(problem.toString()).isNotNegative();
                }
                before = argument.getValue();
            }
        }
    }

    @Test
    void hardAnswersMayBeFivePercentOff() {
        MiniProblem range = new MiniQuestions(4).next(List.of(MiniKind.RANGE));
        double exact = Double.parseDouble(range.answer());
        assertThat(range.isRight(String.valueOf(exact * 1.049))).isTrue();
        assertThat(range.isRight(String.valueOf(exact * 1.051))).isFalse();
        assertThat(range.isRight("many")).isFalse();
    }

    @Test
    void simulatorsAgreeWithWhatIsKnownOtherwise() {
        assertThat(MiniSimulators.pendulum(1, 1)).isEqualTo(2 * Math.PI * Math.sqrt(1 / 9.81), within(1e-4));
        // K(sin 45 deg) = 1.8540746773 (Abramowitz and Stegun)
        assertThat(MiniSimulators.pendulum(9.81, 90)).isEqualTo(4 * 1.8540746773013719, within(1e-9));
        assertThat(MiniSimulators.range(10, 45)).isEqualTo(100 / 9.81, within(1e-9));
        assertThat(MiniSimulators.sineMode(10, 0.1, 0.5, 0)).isEqualTo(10, within(1e-9));
        // Without growth the largest share is that of the beginning; a larger R0 has a higher and earlier peak.
        assertThat(MiniSimulators.seir(0.5, 3, 5).peak()).isEqualTo(0.001);
        MiniSimulators.Epidemic slow = MiniSimulators.seir(2, 3, 5);
        MiniSimulators.Epidemic fast = MiniSimulators.seir(4, 3, 5);
        assertThat(fast.peak()).isGreaterThan(slow.peak());
        assertThat(fast.day()).isLessThan(slow.day());
        assertThat(MiniSimulators.warming(10, 2, 2100)).isGreaterThan(MiniSimulators.warming(10, 0, 2100));
    }

    @Test
    void aBadCallIsAnsweredWithError() {
        assertThat(MiniTools.run("simulate", Map.of("kind", "range", "v", 10L))).isEqualTo("error");
        assertThat(MiniTools.run("simulate", Map.of("kind", "range", "v", "10", "angle", 3L)))
                .isEqualTo("error");
        assertThat(MiniTools.run("oracle", Map.of())).isEqualTo("error");
        assertThat(MiniTools.run("seir", Map.of("kind", "peak", "R", 2L, "latent", 0L, "infectious", 3L)))
                .isEqualTo("error");
        assertThat(MiniTools.run("climate", Map.of("kind", "warming", "e", 9L, "g", 1L, "year", 1_000_000L)))
                .isEqualTo("error");
        assertThat(MiniTools.run("simulate", Map.of("kind", "uniform", "v", 4L, "t", 2L)))
                .isEqualTo("8");
    }
}
