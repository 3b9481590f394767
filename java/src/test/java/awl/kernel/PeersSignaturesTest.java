package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import awl.kernel.ffm.NativeSignature;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `benchmarks/peers` calls the kernels from Python, by hand-written signatures that only a run would find stale.
class PeersSignaturesTest {

    private static final Pattern SIGNATURE = Pattern.compile("\"(\\w+)\": \"([tTdDil]+)\"");

    @Test
    void theyAreThoseOfTheEngine() throws Exception {
        String python = Files.readString(Shared.home().resolve("benchmarks/peers/awl_library.py"));
        Map<String, String> engine = new HashMap<>();
        for (var component : KernelHandles.class.getRecordComponents()) {
            NativeSignature signature = component.getAnnotation(NativeSignature.class);
            StringBuilder letters = new StringBuilder();
            Class<?>[] arguments = signature.arguments();
            for (Class<?> argument : Arrays.copyOf(arguments, arguments.length - 1)) { // all but the stream
                letters.append(
                        argument == MemorySegment.class
                                ? "t"
                                : argument.getSimpleName().substring(0, 1));
            }
            engine.put(signature.name().substring("awl_".length()), letters.toString());
        }
        var found = SIGNATURE.matcher(python).results().toList();
        assertThat(found).isNotEmpty();
        found.forEach(each ->
                assertThat(engine).containsEntry(each.group(1), each.group(2).replaceAll("[TD]", "t")));
    }
}
