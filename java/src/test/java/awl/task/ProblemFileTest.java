package awl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Files of problems: ours there and back, users' and public layouts, and every fault with its line and
/// field.
final class ProblemFileTest {

    @TempDir
    Path folder;

    private Path file(String name, String... lines) throws IOException {
        return Files.writeString(folder.resolve(name), String.join("\n", lines));
    }

    @Test
    void generatedProblemsComeBackAsTheyWereAndPassTheCheck() {
        List<Problem> problems = new ArrayList<>();
        for (ProblemSet set : ProblemSets.ALL) {
            problems.addAll(set.generate(set.kinds().size() * 2, 8, Split.TEST, List.of()));
            if (!set.openKinds().isEmpty()) {
                problems.addAll(set.generate(2, 9, Split.TRAIN, set.openKinds()));
            }
        }
        Path file = folder.resolve("all.jsonl");
        ProblemFile.write(file, problems);
        assertThat(ProblemFile.read(file)).isEqualTo(problems);
        assertThat(ProblemCheck.problems(ProblemFile.rows(file))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            {'question':'q'}                                                | answer: is missing
            {'question':'q','answer':null}                                  | answer: a question needs an answer
            {'question':'q','answer':' '}                                   | answer: a question needs an answer
            {'question':'','answer':1}                                      | question: is empty
            {'question':5,'answer':1}                                       | question: expected a string
            {'answer':1}                                                    | question: is missing
            {'question':'q','answer':'NaN'}                                 | answer: expected a finite number
            {'question':'q','answer':'1e999'}                               | answer: expected a finite number
            {'question':'q','answer':'E','options':['1','2']}               | answer: expected a letter from A to B
            {'question':'q','answer':'A','options':['1']}                   | options: expected 2 to 26
            {'question':'q','answer':'A','options':['1','1']}               | options: '1' stands twice
            {'question':'q','answer':'A','answer_type':'choice'}            | options: a multiple-choice question needs
            {'question':'q','answer':1,'answer_type':'numbr'}               | answer_type: expected choice, number
            {'question':'q','answer':1,'tolerance':2}                       | tolerance: expected a number in [0, 1)
            {'question':'q','answer':1,'trace':{}}                          | trace: expected an array
            {'question':'q','answer':1,'trace':[{'arguments':{}}]}          | trace[0].name: expected a string
            {'question':'q','answer':1,'trace':[{'name':'calc'}]}           | trace[0].arguments: expected an object
            {'question':'q','answer':'so #### many'}                        | answer: expected a number behind '####'
            {'question':'q','answer':1                                      | not JSON
            [1]                                                             | expected a JSON object
            """)
    void aFaultIsNamedWithLineAndField(String row, String message) throws IOException {
        Path file = file("user.jsonl", "{\"question\":\"fine\",\"answer\":1}", row.replace('\'', '"'));
        assertThatThrownBy(() -> ProblemFile.read(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("user.jsonl:2")
                .hasMessageContaining(message.replace("'####'", "'####'"));
        assertThat(ProblemFile.rows(file)).hasSize(2);
    }

    @Test
    void aDuplicateIdNamesTheOther() throws IOException {
        Path file = file(
                "user.jsonl",
                "{\"id\":\"a\",\"question\":\"x\",\"answer\":1}",
                "",
                "{\"id\":\"a\",\"question\":\"y\",\"answer\":1}");
        assertThatThrownBy(() -> ProblemFile.read(file))
                .hasMessageContaining("user.jsonl:3: id: 'a' is already that of")
                .hasMessageContaining("user.jsonl:1");
    }

    @Test
    void publicLayoutsAreRead() throws IOException {
        Path file = file(
                "mixed.json",
                "[{\"Question\":\"How warm?\",\"Options\":{\"A\":\"1 C\",\"B\":\"2 C\"},\"Correct\":\"B\"},",
                "{\"question\":\"How far?\",\"options\":[\"A. 1 m\",\"B. 2 m\"],\"correct\":\"A\"},",
                "{\"question\":\"Which?\",\"options\":\"A) x\\nB) y\",\"answer\":\"B) y\"},",
                "{\"problem\":\"Find x.\",\"answer\":\"\\\\frac{1}{2}\",\"level\":\"Level 5\",\"type\":\"Algebra\"},",
                "{\"problem_text\":\"Energy?\",\"answer_number\":\"-3.5\",\"unit\":\"eV\",\"problemid\":\" 2.1 \","
                        + "\"source\":\"atkins\"},",
                "{\"question\":\"2+2? \",\"answer\":\"It is <<2+2=4>>4.\\n#### 4\"}]");
        List<Problem> problems = ProblemFile.read(file);
        assertThat(problems.stream().map(each -> each.gold().text()))
                .containsExactly("B", "A", "B", "\\frac{1}{2}", "-3.5 eV", "4");
        assertThat(problems.get(1).options()).containsExactly("1 m", "2 m");
        assertThat(problems.get(3).kind()).isEqualTo("Algebra");
        assertThat(problems.get(4).id()).isEqualTo("2.1");
        Problem gsm8k = problems.get(5);
        assertThat(gsm8k.set()).isEqualTo("gsm8k");
        assertThat(gsm8k.trace().getFirst().arguments()).containsEntry("expression", "2+2");
        assertThat(gsm8k.solution()).isEqualTo("It is 4.\nThe answer is 4.");
        assertThat(Grader.grade(gsm8k, "I think the answer is 4").correct()).isTrue();
    }

    @Test
    void theCheckFindsUnknownToolsBadArgumentsAndTwoAnswersToOneText() throws IOException {
        Path file = file(
                "user.jsonl",
                "{\"question\":\"x\",\"answer\":1,\"trace\":[{\"name\":\"abacus\",\"arguments\":{}}]}",
                "{\"question\":\"y\",\"answer\":1,\"trace\":[{\"name\":\"calculator\",\"arguments\":{\"expr\":\"1\"}}]}",
                "{\"question\":\"z\",\"answer\":1}",
                "{\"question\":\"z\",\"answer\":2}");
        assertThat(ProblemCheck.problems(ProblemFile.rows(file)))
                .anyMatch(each -> each.contains("user.jsonl:1: trace[0].name: there is no tool 'abacus'"))
                .anyMatch(each -> each.contains("user.jsonl:2: trace[0].arguments: argument 'expression' is missing"))
                .anyMatch(each ->
                        each.contains("user.jsonl:4: question: the same text as") && each.contains("another answer"))
                .hasSize(4);
    }

    @Test
    void aFileThatIsMissingOrEmptyIsTheUsers() throws IOException {
        assertThatThrownBy(() -> ProblemFile.read(folder.resolve("none.jsonl"))).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> ProblemFile.read(file("empty.jsonl"))).hasMessageContaining("holds no problems");
        assertThatThrownBy(() -> ProblemFile.read(file("empty.json", "[]"))).hasMessageContaining("holds no problems");
    }

    @Test
    void contaminationIsFoundAsTextAsWordsAndAsSequences() {
        Problem test = plain("t1", "A ball of 3 kg rolls down a hill that is 12 m long. How fast is it at the end?");
        Problem fresh = plain("t2", "How many apples are left of 7 when 2 are eaten by a hungry caterpillar today?");
        List<Problem> train = List.of(
                plain("a", "A ball of 4 kg rolls down a hill that is 12 m long. How fast is it at the end?"),
                plain("b", "a ball of 3 kg rolls down a hill that is 12 m long: how fast is it at the end"));
        assertThat(Contamination.between(List.of(test, fresh), train))
                .singleElement()
                .satisfies(found -> {
                    assertThat(found.held().id()).isEqualTo("t1");
                    assertThat(found.other().id()).isEqualTo("b");
                    assertThat(found.likeness()).isEqualTo(Contamination.Likeness.NORMALISED);
                });
        assertThat(Contamination.between(List.of(test), List.of(test))
                        .getFirst()
                        .likeness())
                .isEqualTo(Contamination.Likeness.EXACT);
        Problem longer = plain("c", "Listen. " + test.question() + " Give the result in m/s please.");
        assertThat(Contamination.between(List.of(test), List.of(longer))
                        .getFirst()
                        .likeness())
                .isEqualTo(Contamination.Likeness.SEQUENCES);
        for (ProblemSet set : ProblemSets.ALL) {
            assertThat(Contamination.between(
                            set.generate(60, 1, Split.TEST, List.of()), set.generate(120, 1, Split.TRAIN, List.of())))
                    .as(set.name())
                    .isEmpty();
        }
    }

    private static Problem plain(String id, String question) {
        return Problem.plain(id, "own", "own", question, List.of(), new Gold.Quantity(1, "", 0.05));
    }
}
