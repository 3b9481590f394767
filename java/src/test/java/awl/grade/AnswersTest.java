package awl.grade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import awl.data.SplitMix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Extraction and equivalence against a table of pairs that were judged by hand (`grade/pairs.tsv`).
final class AnswersTest {

    private static final double TOLERANCE = 0.05;

    private record Pair(String kind, String gold, String extra, String reply, boolean right) {

        Grade grade() {
            return switch (kind) {
                case "number" -> Answers.number(reply, Double.parseDouble(gold), extra, TOLERANCE);
                case "choice" -> Answers.choice(reply, gold.charAt(0), List.of(extra.split("\\|")));
                case "expression" -> Answers.expression(reply, gold);
                default -> Answers.words(reply, gold);
            };
        }
    }

    private static List<Pair> pairs() throws IOException {
        List<Pair> pairs = new ArrayList<>();
        try (InputStream in = Objects.requireNonNull(AnswersTest.class.getResourceAsStream("/grade/pairs.tsv"))) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.startsWith("#")) {
                    String[] cells = line.split("\t", -1);
                    assertThat(cells).as(line).hasSize(5);
                    pairs.add(
                            new Pair(cells[0], cells[1], cells[2], cells[3].replace("⏎", "\n"), cells[4].equals("1")));
                }
            }
        }
        return pairs;
    }

    @Test
    void everyHandCheckedPairIsGradedAsByHand() throws IOException {
        List<Pair> pairs = pairs();
        assertThat(pairs).hasSizeGreaterThanOrEqualTo(300);
        List<String> wrong = new ArrayList<>();
        for (Pair pair : pairs) {
            Grade grade = pair.grade();
            if (grade.correct() != pair.right) {
                wrong.add(pair + " -> " + grade);
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void aGoldAnswerIsEquivalentToItself() throws IOException {
        for (Pair pair : pairs()) {
            if (pair.kind.equals("expression")) {
                assertThat(Answers.sameExpression(pair.gold, pair.gold))
                        .as(pair.gold)
                        .isTrue();
            }
        }
    }

    @Test
    void garbageIsWrongAndNoError() {
        SplitMix random = new SplitMix(3);
        String letters = "\\{}()[]^_$|,;=.0123456789abcxe+-*/! \n%&~±°";
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder(i % 2 == 0 ? "The answer is " : "\\boxed{");
            for (int j = random.below(60); j >= 0; j--) {
                text.append(letters.charAt(random.below(letters.length())));
            }
            String reply = text.toString();
            assertThatCode(() -> {
                        Answers.number(reply, 1e300, "m", 0.05);
                        Answers.choice(reply, 'A', List.of("x", "y"));
                        assertThat(Answers.expression(reply, "\\frac{q}{w+77}").correct())
                                .isFalse();
                        Answers.words(reply, "w");
                    })
                    .as(reply)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void deepNestingAndLongRepliesEnd() {
        assertThat(Answers.expression("(".repeat(50_000) + "1" + ")".repeat(50_000), "1")
                        .correct())
                .isFalse();
        assertThat(Answers.expression("\\frac{".repeat(5_000), "1").correct()).isFalse();
        assertThat(Answers.number("word ".repeat(500_000) + "The answer is 5.", 5, "", 0.05)
                        .correct())
                .isTrue();
        assertThat(Answers.number("-".repeat(100_000) + "5", 7, "", 0.05).correct())
                .isFalse();
    }
}
