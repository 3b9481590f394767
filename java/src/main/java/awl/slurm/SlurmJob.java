package awl.slurm;

import awl.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A batch script that runs an `awl` command on every node, and goes on after preemption, requeueing or the
/// time limit.
///
/// Slurm tells the batch shell some seconds before the time limit (`--signal=B:USR1@LEAD`; where the cluster
/// has `preempt_send_user_signal`, before preemption too), or sends TERM to the ranks alone, or to all. In
/// each case ranks write a checkpoint and exit with 143; the job is queued again, by Slurm or by the script,
/// and resumes when it is started again. A job that is cancelled is not.
///
/// @param tasks a node, each one rank
/// @param extra further options for `sbatch`, such as `--gres=gpu:8`
/// @param lead seconds of warning asked for; Slurm may send it up to a minute early
/// @param exports variables that ranks need
/// @param launcher the program `awl`
/// @param folder where the job runs
/// @param command of awl and its arguments
public record SlurmJob(
        String name,
        int nodes,
        int tasks,
        @Nullable Integer cpus,
        @Nullable String partition,
        @Nullable String time,
        List<String> extra,
        int lead,
        Map<String, String> exports,
        Path launcher,
        Path folder,
        List<String> command) {

    public SlurmJob {
        if (nodes < 1 || tasks < 1 || lead < 1) {
            throw new ConfigException("awl slurm: nodes, tasks a node and signal lead: at least 1 each");
        }
        if (command.isEmpty()) {
            throw new ConfigException("awl slurm: expected a command behind --, such as -- train --config run.yaml");
        }
        extra = List.copyOf(extra);
        exports = new LinkedHashMap<>(exports);
        command = List.copyOf(command);
    }

    /// The script, for `sbatch`.
    public String script() {
        String exported = exports.entrySet().stream()
                .map(each -> "export %s=%s\n".formatted(each.getKey(), quoted(each.getValue())))
                .collect(Collectors.joining());
        return resource("job.sh")
                .replace("@OPTIONS@\n", options())
                .replace("@EXPORTS@\n", exported)
                .replace("@COMMAND@", commandLine())
                .replace("@RESUME@", command.getFirst().equals("train") ? "--resume" : "");
    }

    private String options() {
        List<String> options = new ArrayList<>();
        options.add("--job-name=" + name);
        options.add("--nodes=" + nodes);
        options.add("--ntasks-per-node=" + tasks);
        add(options, "--cpus-per-task=", cpus);
        add(options, "--partition=", partition);
        add(options, "--time=", time);
        options.add("--chdir=" + folder);
        options.add("--output=%x-%j.log");
        options.add("--open-mode=append"); // a requeued job goes on in the same log
        options.add("--requeue");
        options.add("--signal=B:USR1@" + lead);
        options.addAll(extra);
        return options.stream().map(option -> "#SBATCH " + option + "\n").collect(Collectors.joining());
    }

    private static void add(List<String> options, String option, @Nullable Object value) {
        if (value != null) {
            options.add(option + value);
        }
    }

    private String commandLine() {
        List<String> words = new ArrayList<>(List.of(launcher.toString()));
        words.addAll(command);
        return words.stream().map(SlurmJob::quoted).collect(Collectors.joining(" "));
    }

    static String quoted(String word) {
        return word.matches("[A-Za-z0-9_@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /// What an Apptainer image stands on.
    public enum ImageBase {
        /// The image of a JDK from Docker's registry.
        DOCKER("""
                Bootstrap: docker
                From: eclipse-temurin:25-jdk
                """, ""),
        /// Debian 13 by its own packages, where Docker's registry cannot be reached; building it needs debootstrap and
        /// root.
        DEBIAN("""
                Bootstrap: debootstrap
                OSVersion: trixie
                MirrorURL: http://deb.debian.org/debian
                """, "openjdk-25-jdk-headless ca-certificates ");

        private final String header;
        private final String packages;

        ImageBase(String header, String packages) {
            this.header = header;
            this.packages = packages;
        }
    }

    /// Definition of an Apptainer image with a JDK 25 and this engine, built from its source folder.
    public static String apptainer(ImageBase base) {
        return resource("awl.def")
                .replace("@BOOTSTRAP@\n", base.header)
                .replace("@PACKAGES@", base.packages + "cmake g++ make git");
    }

    private static String resource(String name) {
        try (InputStream in = SlurmJob.class.getResourceAsStream("/awl/slurm/" + name)) {
            if (in == null) {
                throw new IllegalStateException("resource awl/slurm/" + name + " is missing from the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
