package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training as a job of a real Slurm cluster of two nodes, which this test starts on this machine: nodes are
/// taken away by a partition of higher priority, the job is queued again, resumes, and ends with the weights
/// of a run that was left alone.
///
/// Runs where `AWL_SLURM=1` says so, as root, with Debian's packages slurmctld, slurmd and slurm-client.
final class SlurmClusterTest {

    private static final Pattern STOPPING = Pattern.compile("stopping behind step \\d+");
    private static final Pattern SUBMITTED = Pattern.compile("\nSubmitted batch job (\\d+)\n$");
    /// More than the fastest machine does before the cluster has taken the nodes away, which takes it seconds.
    private static final int STEPS = 500;
    private static final String SCRIPT = Shared.resource("slurm/cluster.sh").toString();

    @TempDir
    Path folder;

    private Path cluster = Path.of("");

    @BeforeEach
    void start() throws Exception {
        Assumptions.assumeTrue(
                "1".equals(System.getenv("AWL_SLURM"))
                        && "root".equals(System.getProperty("user.name"))
                        && Files.isExecutable(Path.of("/usr/sbin/slurmctld")),
                "needs AWL_SLURM=1, root, and the packages slurmctld, slurmd, slurm-client");
        cluster = folder.resolve("cluster");
        assertThat(shell("bash", SCRIPT, cluster.toString(), "15", "preempt_send_user_signal"))
                .isEmpty();
    }

    @AfterEach
    void stop() throws Exception {
        if (Files.exists(cluster.resolve("slurm.conf"))) {
            shell("scancel", "--user=root");
            shell("bash", SCRIPT, cluster.toString(), "stop");
        }
    }

    private String shell(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = inCluster(List.of(command)).redirectErrorStream(true);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    private ProcessBuilder inCluster(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("SLURM_CONF", cluster.resolve("slurm.conf").toString());
        return builder;
    }

    /// The program `awl`, made of this test's classes.
    private Path launcher() throws IOException {
        List<String> words = AwlProcess.java(Shared.home());
        StringBuilder line = new StringBuilder("#!/bin/sh\nexec");
        words.forEach(word -> line.append(" '").append(word).append('\''));
        Path launcher = Files.writeString(folder.resolve("awl"), line + " \"$@\"\n");
        return Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// Hands a job to the cluster, as a person does: `awl slurm --submit`.
    ///
    /// @return the job's number
    private String submit(TinyTraining training, Path run) throws Exception {
        List<String> line = new ArrayList<>(AwlProcess.java(Shared.home()));
        line.addAll(List.of(
                "slurm", "--nodes", "2", "--ntasks-per-node", "1", "--partition", "low", "--signal-lead", "30"));
        line.addAll(List.of("--submit", "--launcher", launcher().toString(), "--job-name", "awl", "--"));
        line.addAll(training.into(run));
        line.remove("--resume"); // the script decides
        Process process =
                inCluster(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        // The script first, then what sbatch says.
        assertThat(said).startsWith("#!/bin/bash\n").containsPattern(SUBMITTED);
        return SUBMITTED.matcher(said).results().findFirst().orElseThrow().group(1);
    }

    private void awaitEnd(String job, int seconds) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!shell("squeue", "--noheader", "--states=all", "--format=%T", "--jobs=" + job)
                .contains("COMPLETED")) {
            assertThat(System.nanoTime()).as(log(job)).isLessThan(until);
            Thread.sleep(200);
        }
    }

    private String log(String job) throws IOException {
        Path log = folder.resolve("awl-" + job + ".log");
        return Files.exists(log) ? Files.readString(log) : "";
    }

    @Test
    void nodesTakenAwayTheJobGoesOnWithTheSameNumbers() throws Exception {
        TinyTraining training = TinyTraining.in(folder, STEPS);
        Path undisturbed = folder.resolve("undisturbed");
        awaitEnd(submit(training, undisturbed), 240);

        Path run = folder.resolve("preempted");
        String job = submit(training, run);
        while (TinyTraining.steps(run) < 15) {
            Thread.sleep(10);
        }
        long stepsBefore = TinyTraining.steps(run);
        shell("sbatch", "--partition=high", "--nodes=2", "--exclusive", "--output=high.log", "--wrap", "sleep 1");
        awaitEnd(job, 300);

        String log = log(job);
        assertThat(log)
                .contains("start 1", "SIGTERM: stopping behind step", "ranks ended with 143")
                .contains("start 2 --resume", "resuming behind step", "ranks ended with 0");
        TinyTraining.assertSame(run, undisturbed, STEPS);
        System.out.printf(
                "slurm: two ranks on two nodes, nodes wanted behind step %d, %s, requeued, resumed; weights bit for bit as undisturbed%n",
                stepsBefore,
                STOPPING.matcher(log).results().findFirst().orElseThrow().group());
    }
}
