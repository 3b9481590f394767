package awl.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LaunchTest {

    private static final Map<String, String> TORCHRUN = Map.of(
            "RANK",
            "3",
            "WORLD_SIZE",
            "4",
            "LOCAL_RANK",
            "1",
            "LOCAL_WORLD_SIZE",
            "2",
            "MASTER_ADDR",
            "n1",
            "MASTER_PORT",
            "1234");
    private static final Map<String, String> SLURM = Map.of(
            "SLURM_STEP_ID",
            "0",
            "SLURM_PROCID",
            "1",
            "SLURM_STEP_NUM_TASKS",
            "2",
            "SLURM_LOCALID",
            "0",
            "SLURM_STEP_NODELIST",
            "gpu[07-08],x",
            "SLURM_JOB_ID",
            "1234567",
            "SLURM_STEP_TASKS_PER_NODE",
            "1(x2)",
            "SLURM_RESTART_COUNT",
            "2");
    private static final Map<String, String> OPEN_MPI = Map.of(
            "OMPI_COMM_WORLD_RANK",
            "1",
            "OMPI_COMM_WORLD_SIZE",
            "2",
            "OMPI_COMM_WORLD_LOCAL_RANK",
            "1",
            "OMPI_COMM_WORLD_LOCAL_SIZE",
            "2");

    private static Launch of(Map<String, String> environment) {
        return Launch.of(Launch.Flags.NONE, environment);
    }

    @SafeVarargs
    private static Map<String, String> all(Map<String, String>... parts) {
        Map<String, String> all = new HashMap<>();
        for (Map<String, String> part : parts) {
            all.putAll(part);
        }
        return all;
    }

    private static Map<String, String> without(Map<String, String> environment, String name) {
        Map<String, String> less = new HashMap<>(environment);
        less.remove(name);
        return less;
    }

    @Test
    void nothingSaidIsASingleProcess() {
        assertThat(of(Map.of())).isEqualTo(Launch.single());
        assertThat(of(Map.of("MASTER_ADDR", "n1", "SLURM_NTASKS", "8")).many()).isFalse();
    }

    @Test
    void torchrun() {
        assertThat(of(TORCHRUN)).isEqualTo(new Launch(3, 4, 1, 2, "n1", 1234, false, "0..0", "torchrun's variables"));
        assertThat(of(all(TORCHRUN, Map.of("TORCHELASTIC_USE_AGENT_STORE", "True")))
                        .storeElsewhere())
                .isTrue();
        assertThat(of(Map.of("RANK", "0", "WORLD_SIZE", "1"))).isEqualTo(Launch.single());
    }

    @Test
    void slurmOnlyUnderSrun() {
        assertThat(of(SLURM))
                .isEqualTo(
                        new Launch(1, 2, 0, 1, "gpu07", 15000 + 4567, false, "1234567.0.2", "Slurm's step variables"));
        assertThat(of(without(SLURM, "SLURM_STEP_ID")).many()).isFalse();
        assertThat(of(all(SLURM, Map.of("SLURM_STEP_ID", "4294967290"))).many()).isFalse();
        assertThat(of(all(SLURM, Map.of("MASTER_ADDR", "head", "MASTER_PORT", "99"))))
                .extracting(Launch::host, Launch::port)
                .containsExactly("head", 99);
        assertThatThrownBy(() -> of(without(SLURM, "SLURM_STEP_NODELIST")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("SLURM_JOB_NODELIST is not");
    }

    @Test
    void mpi() {
        assertThat(of(OPEN_MPI))
                .extracting(Launch::rank, Launch::size, Launch::localRank, Launch::host, Launch::port)
                .containsExactly(1, 2, 1, "127.0.0.1", 29500);
        assertThatThrownBy(() -> of(all(OPEN_MPI, Map.of("OMPI_COMM_WORLD_SIZE", "4"))))
                .hasMessageContaining("set MASTER_ADDR to the first host");
        assertThat(of(Map.of("PMI_RANK", "1", "PMI_SIZE", "3", "MASTER_ADDR", "n1"))
                        .rank())
                .isEqualTo(1);
    }

    @Test
    void theFirstThatSpeaksIsObeyed() {
        Map<String, String> everything = all(SLURM, OPEN_MPI, TORCHRUN);
        assertThat(Launch.of(new Launch.Flags(5, 6, null, "h:77"), everything))
                .extracting(Launch::rank, Launch::size, Launch::host, Launch::port)
                .containsExactly(5, 6, "h", 77);
        assertThat(of(everything).source()).isEqualTo("torchrun's variables");
        assertThat(of(all(SLURM, OPEN_MPI)).source()).isEqualTo("Slurm's step variables");
    }

    @Test
    void halfOfItIsAnErrorThatSaysWhatIsMissing() {
        assertThatThrownBy(() -> of(without(TORCHRUN, "MASTER_PORT")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("MASTER_PORT not set");
        assertThatThrownBy(() -> of(Map.of("WORLD_SIZE", "4")))
                .hasMessageContaining("RANK, MASTER_ADDR, MASTER_PORT not set");
        assertThatThrownBy(() -> of(all(TORCHRUN, Map.of("RANK", "4"))))
                .hasMessageContaining("RANK is 4 and WORLD_SIZE is 4; expected 0 <= rank < size");
        assertThatThrownBy(() -> of(all(TORCHRUN, Map.of("LOCAL_RANK", "2"))))
                .hasMessageContaining("local rank 2 of 2 on this machine contradicts");
        assertThatThrownBy(() -> of(all(TORCHRUN, Map.of("MASTER_PORT", "http"))))
                .hasMessageContaining("MASTER_PORT: expected a port");
        assertThatThrownBy(() -> of(all(TORCHRUN, Map.of("RANK", "one"))))
                .hasMessageContaining("RANK: expected a number, found 'one'");
        assertThatThrownBy(() -> Launch.of(new Launch.Flags(1, null, null, null), TORCHRUN))
                .hasMessageContaining("--world-size, --master: not given");
        assertThatThrownBy(() -> Launch.of(new Launch.Flags(1, 2, null, "host"), Map.of()))
                .hasMessageContaining("--master: expected HOST:PORT");
    }

    @Test
    void threadsAreSplitOverTheRanksOfAMachine() {
        assertThat(of(TORCHRUN).threads(8)).isEqualTo(4);
        assertThat(of(TORCHRUN).threads(1)).isEqualTo(1);
        assertThat(Launch.single().threads(8)).isEqualTo(8);
    }

    @Test
    void hostLists() {
        assertThat(HostList.parse("a[01-03,7],b")).containsExactly("a01", "a02", "a03", "a7", "b");
        assertThat(HostList.parse("node9")).containsExactly("node9");
        assertThat(HostList.parse("r[1-2]n[09-10].x,y"))
                .containsExactly("r1n09.x", "r1n10.x", "r2n09.x", "r2n10.x", "y");
        for (String wrong :
                List.of("", "a[1", "a]1[", "a[3-1]", "a[x]", "a,,b", "a[1-2-3]", "a[[1]]", "a[0-99999999]")) {
            assertThatThrownBy(() -> HostList.parse(wrong))
                    .as(wrong)
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("expected something like a[01-03,7],b");
        }
    }
}
