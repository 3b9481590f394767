package awl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Properties of every generated set, over a few hundred questions.
final class ProblemSetsTest {

    private static final int MANY = 180;

    static Stream<ProblemSet> sets() {
        return ProblemSets.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("sets")
    void aSecondMethodTheTextAndTheTraceAgreeWithEveryAnswer(ProblemSet set) {
        for (Split split : Split.values()) {
            for (Problem problem : set.generate(MANY / 3, 11, split, List.of())) {
                assertThat(set.recheck(problem))
                        .as(problem.id() + ": " + problem.prompt())
                        .isEmpty();
                assertThat(problem.trace()).isNotEmpty();
                assertThat(problem.solution()).contains("The answer is ").doesNotContain("{");
                assertThat(problem.conclusion()).contains("The answer is ").doesNotContain("{");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void everyKindComesInEqualSharesEasyAndHard(ProblemSet set) {
        assertThat(set.kinds()).hasSizeGreaterThanOrEqualTo(8);
        List<Problem> problems = set.generate(set.kinds().size() * 12, 3, Split.TRAIN, List.of());
        Map<String, Long> shares =
                problems.stream().collect(Collectors.groupingBy(Problem::kind, Collectors.counting()));
        assertThat(shares).hasSameSizeAs(set.kinds());
        assertThat(shares.values()).containsOnly(12L);
        assertThat(problems).anyMatch(each -> each.level() == Level.EASY).anyMatch(each -> each.level() == Level.HARD);
        assertThat(problems)
                .anyMatch(each -> each.gold() instanceof Gold.Quantity)
                .anyMatch(each ->
                        each.gold() instanceof Gold.Choice && each.options().size() == 4);
    }

    @ParameterizedTest
    @MethodSource("sets")
    void sameTextSameAnswerAndNoTextInTwoSplits(ProblemSet set) {
        Map<String, String> answers = new HashMap<>();
        Map<String, Split> contents = new HashMap<>();
        Set<String> texts = new HashSet<>();
        for (Split split : Split.values()) {
            for (long seed = 1; seed <= 3; seed++) {
                for (Problem problem : set.generate(MANY / 3, seed, split, List.of())) {
                    String answer = problem.gold() instanceof Gold.Choice choice
                            ? problem.options().get(choice.index())
                            : problem.gold().text();
                    assertThat(answers.getOrDefault(problem.question(), answer)).isEqualTo(answer);
                    answers.put(problem.question(), answer);
                    texts.add(problem.question());
                    String content = problem.kind() + problem.parameters();
                    assertThat(contents.getOrDefault(content, split)).isEqualTo(split);
                    contents.put(content, split);
                }
            }
        }
        assertThat(texts).hasSizeGreaterThan(MANY);
    }

    @ParameterizedTest
    @MethodSource("sets")
    void aSeedGivesTheSameQuestionsAndAnotherSeedOthers(ProblemSet set) {
        List<Problem> once = set.generate(60, 5, Split.TRAIN, List.of());
        assertThat(set.generate(60, 5, Split.TRAIN, List.of())).isEqualTo(once);
        assertThat(set.generate(60, 6, Split.TRAIN, List.of()).stream().map(Problem::question))
                .isNotEqualTo(once.stream().map(Problem::question).toList());
    }

    @ParameterizedTest
    @MethodSource("sets")
    void optionsHoldTheAnswerOnceAndItsPlaceVaries(ProblemSet set) {
        Set<Character> letters = new HashSet<>();
        for (Problem problem : set.generate(MANY, 9, Split.TRAIN, List.of())) {
            if (problem.gold() instanceof Gold.Choice choice) {
                assertThat(problem.options()).doesNotHaveDuplicates();
                assertThat(choice.index()).isBetween(0, problem.options().size() - 1);
                letters.add(choice.letter());
            }
        }
        assertThat(letters).contains('A', 'B', 'C', 'D');
    }

    @ParameterizedTest
    @MethodSource("sets")
    void openEndedPlansAreScoredAndTheirTargetsCanBeReached(ProblemSet set) {
        for (Problem problem :
                set.openKinds().isEmpty() ? List.<Problem>of() : set.generate(12, 4, Split.TRAIN, set.openKinds())) {
            assertThat(set.recheck(problem)).as(problem.question()).isEmpty();
            OpenEnded scorer = (OpenEnded) set;
            Gold.Open gold = (Gold.Open) problem.gold();
            OpenEnded.Score good = scorer.score(problem, problem.conclusion());
            assertThat(good.valid()).isTrue();
            assertThat(good.value()).isLessThanOrEqualTo(gold.target());
            assertThat(scorer.score(problem, "I do not know").valid()).isFalse();
            String nothing = problem.set().equals("climate") ? "co2: 0, methane: 0" : "vaccinate: 0, reduce = 0";
            assertThat(scorer.score(problem, nothing).value()).isGreaterThan(gold.target());
            assertThat(scorer.score(problem, nothing.replace("0", "-1")).reason())
                    .contains("limits");
            String dear = problem.set().equals("climate") ? "co2: 10, methane: 25" : "vaccinate: 60, reduce: 60";
            assertThat(scorer.score(problem, dear).valid()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void aWrongAnswerAnotherTextAndAStrangeKindAreFound(ProblemSet set) {
        Problem problem = set.generate(40, 2, Split.TRAIN, List.of()).stream()
                .filter(each -> each.gold() instanceof Gold.Quantity)
                .findFirst()
                .orElseThrow();
        Gold.Quantity gold = (Gold.Quantity) problem.gold();
        assertThat(set.recheck(
                        with(problem, problem.question(), new Gold.Quantity(gold.value() * 1.1, gold.unit(), 0.05))))
                .anyMatch(each -> each.contains("second method"))
                .anyMatch(each -> each.contains("trace"));
        assertThat(set.recheck(with(problem, problem.question() + " Maybe.", gold)))
                .anyMatch(each -> each.contains("does not determine"));
        assertThat(set.recheck(with(problem, problem.question(), new Gold.Quantity(1e223, gold.unit(), 0.05))))
                .anyMatch(each -> each.contains("outside"));
        assertThatThrownBy(() ->
                        set.generate(1, 1, Split.TRAIN, List.of(set.kinds().getFirst() + "x")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("meant '" + set.kinds().getFirst() + "'");
    }

    private static Problem with(Problem p, String question, Gold gold) {
        return new Problem(
                p.id(),
                p.set(),
                p.kind(),
                p.seed(),
                p.level(),
                question,
                p.options(),
                gold,
                p.parameters(),
                p.trace(),
                p.conclusion(),
                p.solution());
    }
}
