package awl.cli;

import awl.ConfigException;
import awl.slurm.SlurmJob;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl slurm`: a job script for a Slurm cluster, or the job itself.
@Command(
        name = "slurm",
        mixinStandardHelpOptions = true,
        description = {
            "Write a job script that runs a command of awl on a Slurm cluster, one rank a task, and survives preemption,",
            "requeueing and the time limit: ranks write a checkpoint, the job is queued again and resumes.",
            "The script goes to standard output; with --submit it is handed to sbatch as well."
        })
final class SlurmCommand implements Callable<Integer> {

    /// Variables of this shell that decide on how ranks compute.
    private static final List<String> KEPT =
            List.of("AWL_JAVA_OPTS", "AWL_SHARED", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "MLFLOW_TRACKING_URI");

    @Option(names = "--nodes", defaultValue = "1", description = "Default: ${DEFAULT-VALUE}.")
    int nodes;

    @Option(names = "--ntasks-per-node", defaultValue = "1", description = "Ranks a node. Default: ${DEFAULT-VALUE}.")
    int tasks;

    @Option(names = "--cpus-per-task", paramLabel = "N", description = "Cores of a rank.")
    @Nullable
    Integer cpus;

    @Option(names = "--partition", paramLabel = "P", description = "Default: the cluster's.")
    @Nullable
    String partition;

    @Option(
            names = "--time",
            paramLabel = "T",
            description = "Time limit, such as 12:00:00; at its end it is requeued.")
    @Nullable
    String time;

    @Option(names = "--job-name", defaultValue = "awl", description = "Default: ${DEFAULT-VALUE}.")
    String name = "awl";

    @Option(
            names = "--signal-lead",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description =
                    "How long before its end the job is to be told; a checkpoint has to fit. Default: ${DEFAULT-VALUE}.")
    int lead;

    @Option(
            names = "--sbatch",
            paramLabel = "OPTION",
            description = "A further option of sbatch, such as --sbatch=--gres=gpu:8. May be repeated.")
    List<String> extra = List.of();

    @Option(
            names = "--launcher",
            paramLabel = "FILE",
            description = "The program awl. Default: the one of this engine.")
    @Nullable
    Path launcher;

    @Option(names = "--submit", description = "Hand the script to sbatch.")
    boolean submit;

    @Option(names = "--apptainer", description = "Print the definition of an Apptainer image instead.")
    boolean apptainer;

    @Option(
            names = "--image-base",
            defaultValue = "docker",
            description =
                    "What that image stands on: docker (a JDK's image) or debian (packages alone, by debootstrap)."
                            + " Default: ${DEFAULT-VALUE}.")
    SlurmJob.ImageBase imageBase = SlurmJob.ImageBase.DOCKER;

    @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "Behind --: train --config run.yaml ...")
    List<String> command = List.of();

    @Override
    public Integer call() throws InterruptedException {
        if (apptainer) {
            System.out.print(SlurmJob.apptainer(imageBase));
            return 0;
        }
        SlurmJob job = new SlurmJob(
                name,
                nodes,
                tasks,
                cpus,
                partition,
                time,
                extra,
                lead,
                exports(),
                launcher == null ? home().resolve("awl") : launcher.toAbsolutePath(),
                Path.of("").toAbsolutePath(),
                command);
        System.out.print(job.script());
        System.out.flush();
        System.err.printf(
                "%d ranks on %d nodes, partition %s, time %s; told %d s before the end, requeued, resumed%n",
                nodes * tasks,
                nodes,
                partition == null ? "as the cluster says" : partition,
                time == null ? "as the partition says" : time,
                lead);
        return submit ? sbatch(job.script()) : 0;
    }

    private static Path home() {
        String home = System.getProperty("awl.home", "");
        Path launcher = Path.of(home, "awl");
        if (home.isEmpty() || !Files.isExecutable(launcher)) {
            throw new ConfigException(
                    "awl slurm: name the program awl by --launcher; it was not found beside this engine");
        }
        return Path.of(home);
    }

    private static Map<String, String> exports() {
        Map<String, String> exports = new LinkedHashMap<>();
        exports.put("AWL_NO_BUILD", "1"); // it is built; nodes would do it at the same time
        exports.put("AWL_JAVA_HOME", System.getProperty("java.home"));
        for (String name : KEPT) {
            String value = System.getenv(name);
            if (value != null) {
                exports.put(name, value);
            }
        }
        return exports;
    }

    private static int sbatch(String script) throws InterruptedException {
        try {
            Process sbatch = new ProcessBuilder("sbatch")
                    .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (OutputStream in = sbatch.getOutputStream()) {
                in.write(script.getBytes(StandardCharsets.UTF_8));
            }
            int code = sbatch.waitFor();
            if (code != 0) {
                throw new ConfigException("sbatch refused the job (exit code %d); it said why above".formatted(code));
            }
            return 0;
        } catch (IOException e) {
            throw new ConfigException("--submit: sbatch cannot be started here: " + e.getMessage(), e);
        }
    }
}
