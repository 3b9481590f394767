package awl.task.gsm8k;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DataException;
import awl.chat.Message;
import awl.tool.Arithmetic;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class Gsm8kConversationTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ".5*10; 5",
                "2+3*4; 14",
                "(2+3)*4; 20",
                "10-3-2; 5",
                "64/4/2; 8",
                "-14+-8+1; -21",
                "2^3^2; 512",
                "-2^2; -4",
                "50%*20; 10",
                "$1,200/4; 300",
                "1/3+2/3; 1",
                "3 x 4 ÷ 2; 6"
            })
    void valuesOfExpressions(String expression, double value) {
        assertThat(Arithmetic.value(expression)).isCloseTo(value, within(1e-12));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "2+", "(2", "2)", "two", "1/0", "1.2.3", "1,20", "2 3"})
    void whatIsNoExpressionIsRefused(String expression) {
        assertThatThrownBy(() -> Arithmetic.value(expression)).isInstanceOf(DataException.class);
    }

    @Test
    void nestingIsBounded() {
        assertThatThrownBy(() -> Arithmetic.value("(".repeat(100_000))).hasMessageContaining("nested");
        assertThatThrownBy(() -> Arithmetic.value("-".repeat(100_000) + "1")).hasMessageContaining("nested");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {".5*10=5", "1000*2=2,000", "10/3=3.33", "20/3=6.66", "1/4=25%", "3/4=3/4", "-47=-47", "5=5"})
    void confirmed(String annotation) {
        assertThat(Annotation.read(annotation).problem()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"5*10=51", "7/2=3", "5*10=", "=50", "50", "", "ten*2=20", "10/3=3.35", "2*x=4"})
    void notConfirmed(String annotation) {
        assertThat(Annotation.read(annotation).problem()).isNotEmpty();
    }

    @Test
    void annotationsBecomeCallsAndReplies() {
        var converted = Gsm8kConversation.of(
                "How many?", "She sold 48/2 = <<48/2=24>>24 in May.\nThat is 48+24 = $<<48+24=72>>72.\n#### 72");
        assertThat(converted.problems()).isEmpty();
        assertThat(converted.answer()).isEqualTo("72");
        List<Message> messages = converted.conversation().messages();
        assertThat(messages.stream().map(Message::role))
                .containsExactly("user", "assistant", "tool", "assistant", "tool", "assistant");
        assertThat(messages.stream().map(Message::text))
                .containsExactly(
                        "How many?",
                        "She sold 48/2 =",
                        "24",
                        "24 in May.\nThat is 48+24 = $",
                        "72",
                        "72.\nThe answer is 72.");
        assertThat(String.valueOf(messages.get(1).json().get("tool_calls"))).contains("expression=48/2");
    }

    @Test
    void anAnnotationThatIsWrongIsNamedAndItsSentenceStays() {
        var converted = Gsm8kConversation.of("How many?", "It is 5*2 = <<5*2=11>>11.\n#### 11");
        assertThat(converted.calls()).isZero();
        assertThat(converted.problems()).singleElement().asString().contains("<<5*2=11>>", "10.0");
        assertThat(converted.conversation().messages().getLast().text())
                .isEqualTo("It is 5*2 = 11.\nThe answer is 11.");
    }

    @Test
    void withoutAFinalAnswerItIsRefused() {
        assertThatThrownBy(() -> Gsm8kConversation.of("q", "no answer")).hasMessageContaining("####");
        assertThatThrownBy(() -> Gsm8kConversation.of("q", "<<1+1=2 \n#### 2")).hasMessageContaining(">>");
    }
}
