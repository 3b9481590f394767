package awl.token;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PatternCheckTest {

    /// Of GPT-2, Llama 3, Qwen, o200k, DeepSeek V3, BLOOM, Falcon and others.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
                "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*",
                " ?[^(\\s|[.,!?…。，、।۔،])]+",
                "[\\p{Han}&&[^\\p{Latin}]]+|[0-9][0-9][0-9]|(\\p{L}|\\p{M})|\\s{2,}?x++",
                "(?>a+)+b|[]a)(]+|a{,|x{a}"
            })
    void whatTokenizersUseIsAllowed(String regex) {
        assertThat(PatternCheck.wrong(regex)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a+)+$",
                "(?:a*)*",
                "((a+)b?)*",
                "(a|a)*b",
                "(?:x|[xy])+",
                "(a+){2,}",
                "(a{1000}){1000}",
                "(?<x>a\\g<x>?)",
                "(([^a])*|b)+?c"
            })
    void whatCanRunAwayIsNot(String regex) {
        assertThat(PatternCheck.wrong(regex)).isNotNull();
        assertThat(PatternCheck.wrong("(".repeat(60) + "a" + ")".repeat(60))).contains("deeper than 50");
    }
}
