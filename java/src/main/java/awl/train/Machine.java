package awl.train;

import awl.tensor.HostMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/// What this process runs on, for `environment.json` and reports.
public final class Machine {

    private Machine() {}

    /// Cores of the whole machine, also where this process may use some of them only.
    public static int cores() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            int all = (int) lines.filter(l -> l.startsWith("processor")).count();
            return Math.max(all, Runtime.getRuntime().availableProcessors());
        } catch (IOException | RuntimeException e) {
            return Runtime.getRuntime().availableProcessors();
        }
    }

    /// Name of the processor.
    public static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.startsWith("model name"))
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException | RuntimeException e) {
            return System.getProperty("os.arch");
        }
    }

    /// Versions and hardware.
    public static Map<String, Object> describe() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("awl", version());
        facts.put("commit", commit());
        facts.put("java", System.getProperty("java.vm.vendor") + " " + Runtime.version());
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("processor", processor());
        facts.put("cores", Runtime.getRuntime().availableProcessors());
        facts.put("memory", HostMemory.totalBytes());
        return facts;
    }

    private static String version() {
        String version = Machine.class.getPackage().getImplementationVersion();
        return version == null ? "0.1.0" : version;
    }

    /// Commit of the checkout this runs from (`awl.home`), or `unknown`.
    public static String commit() {
        try {
            Path git = Path.of(System.getProperty("awl.home", "."), ".git");
            if (Files.isRegularFile(git)) { // a worktree names its folder
                git = Path.of(Files.readString(git).replaceFirst("gitdir:", "").strip());
            }
            String head = Files.readString(git.resolve("HEAD")).strip();
            if (!head.startsWith("ref: ")) {
                return head;
            }
            String ref = head.substring("ref: ".length());
            Path common = Files.exists(git.resolve("commondir"))
                    ? git.resolve(Files.readString(git.resolve("commondir")).strip())
                    : git;
            if (Files.exists(common.resolve(ref))) {
                return Files.readString(common.resolve(ref)).strip();
            }
            try (Stream<String> packed = Files.lines(common.resolve("packed-refs"))) {
                return packed.filter(l -> l.endsWith(" " + ref))
                        .map(l -> l.substring(0, l.indexOf(' ')))
                        .findFirst()
                        .orElse("unknown");
            }
        } catch (IOException | RuntimeException e) {
            return "unknown";
        }
    }
}
