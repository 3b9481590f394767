package awl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The README's map is true: every path it names exists, every package of ours is on it, every command too.
final class ReadmeMapTest {

    private static final Pattern CODE = Pattern.compile("`([A-Za-z.][A-Za-z0-9_./-]*)`");

    @Test
    void everyPathNamedExists() throws IOException {
        Path home = Shared.home();
        Set<String> missing = new TreeSet<>();
        Matcher code = CODE.matcher(readme());
        while (code.find()) {
            String path = code.group(1);
            boolean ours = Stream.of("java/", "native/", "cmake/", "benchmarks/", ".ci/")
                    .anyMatch(path::startsWith);
            // What the build makes is not in the repository.
            if (ours && !path.contains("/build") && !path.contains("/target") && !Files.exists(home.resolve(path))) {
                missing.add(path);
            }
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void everyPackageIsOnTheMap() throws IOException {
        String readme = readme();
        try (Stream<Path> folders = Files.list(Shared.home().resolve("java/src/main/java/awl"))) {
            Set<String> unnamed = folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .filter(name -> !readme.contains("`" + name + "`"))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(unnamed).isEmpty();
        }
    }

    @Test
    void everyCommandIsNamed() throws IOException {
        String readme = readme();
        Path cli = Shared.home().resolve("java/src/main/java/awl/cli");
        Pattern name = Pattern.compile("@Command\\(\\s*name = \"([a-z-]+)\"");
        Set<String> unnamed = new TreeSet<>();
        try (Stream<Path> files = Files.list(cli)) {
            for (Path file : files.filter(each -> each.toString().endsWith("Command.java"))
                    .toList()) {
                Matcher found = name.matcher(Files.readString(file));
                if (found.find() && !readme.contains("awl " + found.group(1))) {
                    unnamed.add(found.group(1));
                }
            }
        }
        assertThat(unnamed).isEmpty();
    }

    private static String readme() throws IOException {
        return Files.readString(Shared.home().resolve("README.md"));
    }
}
