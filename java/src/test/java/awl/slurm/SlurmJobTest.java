package awl.slurm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SlurmJobTest {

    @TempDir
    Path folder;

    private SlurmJob job(int nodes, String... command) {
        return new SlurmJob(
                "tiny",
                nodes,
                1,
                8,
                "low",
                null,
                List.of("--gres=gpu:1"),
                30,
                Map.of("AWL_JAVA_OPTS", "-Xmx4g -Da='b'"),
                Path.of("/opt/awl/awl"),
                folder,
                List.of(command));
    }

    @Test
    void optionsAndCommandStandInTheScript() {
        String script = job(2, "train", "--config", "my run.yaml").script();
        assertThat(script.lines())
                .startsWith("#!/bin/bash")
                .contains(
                        "#SBATCH --nodes=2",
                        "#SBATCH --ntasks-per-node=1",
                        "#SBATCH --cpus-per-task=8",
                        "#SBATCH --partition=low",
                        "#SBATCH --requeue",
                        "#SBATCH --open-mode=append",
                        "#SBATCH --signal=B:USR1@30",
                        "#SBATCH --gres=gpu:1",
                        "export AWL_JAVA_OPTS='-Xmx4g -Da='\\''b'\\'''",
                        "srun --kill-on-bad-exit=0 /opt/awl/awl train --config 'my run.yaml' $resume &",
                        "  resume=--resume")
                .noneMatch(line -> line.contains("--time") || line.contains("@OPTIONS") || line.contains("@COMMAND"));
        assertThat(job(1, "run", "--config", "p.yaml").script()).contains("  resume=\n");
    }

    @Test
    void theShellUnderstandsIt() throws IOException, InterruptedException {
        Path script = Files.writeString(
                folder.resolve("job.sh"), job(1, "train", "--set", "a=$(b) 'c'").script());
        assertThat(new ProcessBuilder("bash", "-n", script.toString())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
    }

    @Test
    void aJobWithoutACommandIsTheUsersMistake() {
        assertThatThrownBy(() -> job(1)).isInstanceOf(ConfigException.class).hasMessageContaining("behind --");
        assertThatThrownBy(() -> job(0, "train")).isInstanceOf(ConfigException.class);
    }

    @Test
    void theImageIsBuiltFromTheSourceFolder() {
        assertThat(SlurmJob.apptainer(SlurmJob.ImageBase.DOCKER))
                .startsWith("Bootstrap: docker\nFrom: ")
                .contains("%runscript", "exec /opt/awl/awl")
                .doesNotContain("@BOOTSTRAP@", "@PACKAGES@", "openjdk");
        assertThat(SlurmJob.apptainer(SlurmJob.ImageBase.DEBIAN))
                .startsWith("Bootstrap: debootstrap\n")
                .contains("openjdk-25-jdk-headless", " make git\n")
                .doesNotContain("@BOOTSTRAP@", "@PACKAGES@");
    }
}
