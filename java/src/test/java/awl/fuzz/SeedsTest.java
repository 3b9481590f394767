package awl.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The fuzz tests' seeds, without the fuzzer: good files and hostile ones, each read, or refused with one of our
/// errors.
final class SeedsTest {

    @TempDir
    Path temp;

    @TestFactory
    @Timeout(600) // an endless loop ends the test instead of the build
    Stream<DynamicTest> everySeedIsReadOrRefused() throws IOException {
        Readings readings = new Readings(temp);
        Map<String, Consumer<byte[]>> kinds = new TreeMap<>(Map.of(
                "ChatTemplateFuzzInputs/everyTemplateEnds",
                bytes -> readings.chatTemplate(Readings.text(bytes)),
                "ConfigFuzzInputs/aConfigurationOrAReason",
                readings::configuration,
                "GgufFuzzInputs/everyTensorAndTheTokenizerOrAReason",
                readings::gguf,
                "HttpRequestFuzzInputs/everyRequestOrAReason",
                readings::httpRequests,
                "JsonLinesFuzzInputs/everyLineOrAReason",
                readings::jsonLines,
                "RemoteAnswerFuzzInputs/anAnswerOrAReason",
                readings::remoteAnswer,
                "SafetensorsFuzzInputs/everyTensorOrAReason",
                readings::safetensors,
                "ServedBodyFuzzInputs/aPromptOrAReason",
                readings::servedBody,
                "TokenizerFileFuzzInputs/aTokenizerOrAReason",
                bytes -> readings.tokenizer(Readings.text(bytes))));
        Path seeds = Shared.resource("awl/fuzz");
        return kinds.entrySet().stream().flatMap(kind -> {
            try (Stream<Path> files = Files.list(seeds.resolve(kind.getKey()))) {
                List<Path> sorted = files.sorted().toList();
                assertThat(sorted).as(kind.getKey()).hasSizeGreaterThan(3);
                return sorted.stream()
                        .map(file -> DynamicTest.dynamicTest(
                                seeds.relativize(file).toString(),
                                () -> kind.getValue().accept(Files.readAllBytes(file))));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }
}
