package awl;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The floors of the house: which package may know which, and who may touch libtorch, foreign memory and picocli. Read
/// from the constant pools of our class files, so nothing hides behind a fully qualified name.
final class FloorsTest {

    private static final Set<String> TENSOR_HALF = Set.of("tensor", "kernel", "model", "loss", "optim", "parallel");

    /// Package -> the packages of ours it may use besides the root and itself. Subpackages count as their parent.
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            entry("", Set.of()),
            entry("chat", Set.of()),
            entry("token", Set.of("chat")),
            entry("tool", Set.of("chat")),
            entry("grade", Set.of()),
            entry("remote", Set.of("chat")),
            entry("task", Set.of("chat", "data", "grade", "tool")),
            entry("data", Set.of("chat", "token")),
            entry("tensor", Set.of()),
            entry("kernel", Set.of("tensor")),
            entry("model", Set.of("tensor", "kernel", "data")),
            entry("loss", Set.of("tensor", "kernel", "model", "data")),
            entry("optim", Set.of("tensor", "kernel", "model")),
            entry("parallel", Set.of("tensor", "kernel", "model", "optim")),
            entry("sample", Set.of("tensor", "kernel", "model", "chat", "token")),
            entry("track", Set.of()),
            entry("slurm", Set.of()),
            entry("train", Set.of("data", "tensor", "kernel", "model", "loss", "optim", "parallel", "track")),
            entry("bench", Set.of("data", "tensor", "kernel", "model", "train", "report")),
            entry("compare", Set.of("track", "train", "report")));

    /// These stand on top and may use everything below.
    private static final Set<String> TOP = Set.of("cli", "report", "pipeline", "serve");

    private static final Set<String> LIBTORCH =
            Set.of("tensor", "kernel", "model", "loss", "optim", "parallel", "sample", "train", "bench", "cli");
    private static final Set<String> FOREIGN_MEMORY =
            Set.of("awl.tensor", "awl.kernel.ffm", "awl.model.gguf", "awl.tool.mujoco");
    private static final Pattern NAME = Pattern.compile("[L\\[(;)]*([a-z]+(?:/[A-Za-z0-9_$]+)+)");

    @Test
    void everyPackageKeepsToItsFloor() throws IOException {
        Set<String> broken = new TreeSet<>();
        Path classes = Shared.home().resolve("java/target/classes");
        Map<String, Set<String>> uses = uses(classes);
        assertThat(uses).as("classes under " + classes).isNotEmpty();
        uses.forEach((type, used) -> used.forEach(other -> check(type, other, broken)));
        assertThat(broken).isEmpty();
    }

    @Test
    void theTableIsAboutPackagesThatExist() throws IOException {
        Path root = Shared.home().resolve("java/src/main/java/awl");
        try (Stream<Path> folders = Files.list(root)) {
            folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .forEach(name -> assertThat(MAY_USE.containsKey(name) || TOP.contains(name))
                            .as("package awl.%s has no row in FloorsTest.MAY_USE", name)
                            .isTrue());
        }
    }

    private static void check(String type, String other, Set<String> broken) {
        String from = floor(type);
        if (other.startsWith("awl.")) {
            String to = floor(other);
            boolean allowed = TOP.contains(from)
                    || to.isEmpty()
                    || to.equals(from)
                    || MAY_USE.getOrDefault(from, Set.of()).contains(to);
            if (!allowed) {
                broken.add(type + " uses " + other);
            }
            if (TENSOR_HALF.contains(from) && to.equals("data") && !other.startsWith("awl.data.Batch")) {
                broken.add(type + " uses " + other + "; of the text half it may know awl.data.Batch alone");
            }
        } else if (other.startsWith("org.bytedeco.") && !LIBTORCH.contains(from)) {
            broken.add(type + " uses libtorch: " + other);
        } else if (other.startsWith("java.lang.foreign.") && !mayTouchForeignMemory(type)) {
            broken.add(type + " uses foreign memory: " + other);
        } else if (other.startsWith("picocli.") && !from.equals("cli")) {
            broken.add(type + " uses picocli: " + other);
        }
    }

    /// Files that are mapped, the bindings, and the classes `awl.kernel.Native*` that call through them.
    private static boolean mayTouchForeignMemory(String type) {
        return FOREIGN_MEMORY.contains(packageOf(type)) || type.startsWith("awl.kernel.Native");
    }

    private static String packageOf(String type) {
        return type.substring(0, type.lastIndexOf('.'));
    }

    /// `awl.model.gguf.X` -> `model`, `awl.X` -> ``.
    private static String floor(String type) {
        String[] parts = packageOf(type).split("\\.");
        return parts.length < 2 ? "" : parts[1];
    }

    private static Map<String, Set<String>> uses(Path classes) throws IOException {
        Map<String, Set<String>> uses = new TreeMap<>();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".class")).toList()) {
                ClassModel model = ClassFile.of().parse(file);
                String type = model.thisClass().asInternalName().replace('/', '.');
                Set<String> used = uses.computeIfAbsent(type, key -> new TreeSet<>());
                for (PoolEntry each : model.constantPool()) {
                    if (each instanceof ClassEntry named) {
                        collect(named.asInternalName(), used);
                    } else if (each instanceof Utf8Entry text
                            && text.stringValue().startsWith("(")) {
                        collect(text.stringValue(), used);
                    }
                }
            }
        }
        return uses;
    }

    private static void collect(String text, Set<String> into) {
        Matcher name = NAME.matcher(text);
        while (name.find()) {
            into.add(name.group(1).replace('/', '.'));
        }
    }
}
