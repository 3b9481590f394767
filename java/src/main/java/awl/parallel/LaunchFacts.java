package awl.parallel;

import awl.ConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// From flags and environment variables to a [Launch], a pure function. The first that speaks is obeyed: flags,
/// torchrun's variables, Slurm's (only inside a step, that is under srun), Open MPI's, PMI's; otherwise a single
/// process.
///
/// `MASTER_ADDR` and `MASTER_PORT` say where to meet, whoever says the rank.
record LaunchFacts(Launch.Flags flags, Map<String, String> environment) {

    private static final int DEFAULT_PORT = 29500;
    private static final int SLURM_PORT = 15000;
    private static final int SLURM_PORTS = 10000;
    /// Slurm numbers the steps of batch scripts and interactive shells from here; there srun has not split anything.
    private static final long SLURM_SPECIAL_STEPS = 4294967290L;

    Launch resolve() {
        if (flags.any()) {
            return ofFlags();
        }
        if (has("RANK") || has("WORLD_SIZE")) {
            return ofTorchrun();
        }
        if (underSrun()) {
            return ofSlurm();
        }
        if (has("OMPI_COMM_WORLD_RANK") || has("OMPI_COMM_WORLD_SIZE")) {
            return ofMpi(
                    "Open MPI",
                    "OMPI_COMM_WORLD_RANK",
                    "OMPI_COMM_WORLD_SIZE",
                    "OMPI_COMM_WORLD_LOCAL_RANK",
                    "OMPI_COMM_WORLD_LOCAL_SIZE");
        }
        if (has("PMI_RANK") || has("PMI_SIZE")) {
            return ofMpi("PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS");
        }
        return Launch.single();
    }

    private Launch ofFlags() {
        List<String> missing = new ArrayList<>();
        if (flags.rank() == null) {
            missing.add("--rank");
        }
        if (flags.worldSize() == null) {
            missing.add("--world-size");
        }
        if (flags.master() == null) {
            missing.add("--master");
        }
        if (!missing.isEmpty()) {
            throw new ConfigException("%s: not given, but others of --rank, --world-size, --master are; give all three"
                    .formatted(String.join(", ", missing)));
        }
        String master = java.util.Objects.requireNonNull(flags.master());
        int colon = master.lastIndexOf(':');
        if (colon < 1) {
            throw new ConfigException("--master: expected HOST:PORT, found " + master);
        }
        int rank = java.util.Objects.requireNonNull(flags.rank());
        Integer local = flags.localRank();
        return checked(
                rank,
                java.util.Objects.requireNonNull(flags.worldSize()),
                local == null ? 0 : local,
                0,
                new Meeting(master.substring(0, colon), port("--master", master.substring(colon + 1))),
                "flags",
                "--rank",
                "--world-size");
    }

    private Launch ofTorchrun() {
        List<String> missing = new ArrayList<>();
        for (String name : List.of("RANK", "WORLD_SIZE")) {
            if (!has(name)) {
                missing.add(name);
            }
        }
        boolean many = !has("WORLD_SIZE") || number("WORLD_SIZE") != 1;
        for (String name : List.of("MASTER_ADDR", "MASTER_PORT")) {
            if (many && !has(name)) {
                missing.add(name);
            }
        }
        if (!missing.isEmpty()) {
            throw new ConfigException(
                    "environment: %s not set, but others of RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT are; set all (torchrun and awl launch do) or none"
                            .formatted(String.join(", ", missing)));
        }
        int rank = number("RANK");
        return checked(
                rank,
                number("WORLD_SIZE"),
                numberOr("LOCAL_RANK", 0),
                numberOr("LOCAL_WORLD_SIZE", 0),
                meeting(null, DEFAULT_PORT),
                "torchrun's variables",
                "RANK",
                "WORLD_SIZE");
    }

    private boolean underSrun() {
        String step = text("SLURM_STEP_ID");
        return !step.isEmpty()
                && has("SLURM_PROCID")
                && (!step.matches("\\d{1,18}") || Long.parseLong(step) < SLURM_SPECIAL_STEPS);
    }

    private Launch ofSlurm() {
        String tasks = has("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
        String nodes = has("SLURM_STEP_NODELIST") ? "SLURM_STEP_NODELIST" : "SLURM_JOB_NODELIST";
        for (String name : List.of(tasks, nodes)) {
            if (!has(name)) {
                throw new ConfigException("environment: SLURM_STEP_ID is set, " + name
                        + " is not; start by srun, or unset the SLURM_ variables");
            }
        }
        String job = text("SLURM_JOB_ID").replaceAll("\\D", "");
        int digits = job.isEmpty() ? 0 : Integer.parseInt(job.substring(Math.max(0, job.length() - 4)));
        String first = HostList.parse(text(nodes)).getFirst();
        return checked(
                number("SLURM_PROCID"),
                number(tasks),
                numberOr("SLURM_LOCALID", 0),
                slurmLocalSize(),
                meeting(first, SLURM_PORT + digits % SLURM_PORTS),
                "Slurm's step variables",
                "SLURM_PROCID",
                tasks);
    }

    /// `SLURM_STEP_TASKS_PER_NODE` is like `2(x3),1`; only where all nodes have the same number it says ours.
    private int slurmLocalSize() {
        String each = text("SLURM_STEP_TASKS_PER_NODE");
        String count = each.replaceFirst("\\(x\\d+\\)$", "");
        return count.matches("\\d{1,6}") ? Integer.parseInt(count) : 0;
    }

    private Launch ofMpi(String who, String rank, String size, String localRank, String localSize) {
        for (String name : List.of(rank, size)) {
            if (!has(name)) {
                throw new ConfigException("environment: %s is not set, but %s is; start by mpirun, or unset both"
                        .formatted(name, name.equals(rank) ? size : rank));
            }
        }
        int local = numberOr(localSize, 0);
        boolean here = local == number(size);
        if (!here && number(size) > 1 && !has("MASTER_ADDR")) {
            throw new ConfigException(
                    "environment: %s says %d processes, not all on this machine; set MASTER_ADDR to the first host (and MASTER_PORT)"
                            .formatted(size, number(size)));
        }
        return checked(
                number(rank),
                number(size),
                numberOr(localRank, 0),
                local,
                meeting(here ? "127.0.0.1" : null, DEFAULT_PORT),
                who + "'s variables",
                rank,
                size);
    }

    private record Meeting(String host, int port) {}

    private Meeting meeting(@Nullable String host, int port) {
        String named = has("MASTER_ADDR") ? text("MASTER_ADDR") : host == null ? "127.0.0.1" : host;
        return new Meeting(named, has("MASTER_PORT") ? port("MASTER_PORT", text("MASTER_PORT")) : port);
    }

    private Launch checked(
            int rank,
            int size,
            int localRank,
            int localSize,
            Meeting meeting,
            String source,
            String rankName,
            String sizeName) {
        if (size < 1 || rank < 0 || rank >= size) {
            throw new ConfigException("%s: %s is %d and %s is %d; expected 0 <= rank < size"
                    .formatted(source, rankName, rank, sizeName, size));
        }
        if (localRank < 0 || localRank >= size || (localSize > 0 && (localSize > size || localRank >= localSize))) {
            throw new ConfigException("%s: local rank %d of %d on this machine contradicts %s %d"
                    .formatted(source, localRank, localSize, sizeName, size));
        }
        if (size == 1) {
            return Launch.single();
        }
        boolean elsewhere = "True".equalsIgnoreCase(text("TORCHELASTIC_USE_AGENT_STORE"));
        return new Launch(
                rank, size, localRank, localSize, meeting.host, meeting.port, elsewhere, generation(), source);
    }

    private String generation() {
        String run = first("TORCHELASTIC_RUN_ID", "SLURM_JOB_ID");
        String step = text("SLURM_STEP_ID");
        return "%s.%s.%s".formatted(run, step, first("TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"));
    }

    private String first(String... names) {
        for (String name : names) {
            if (has(name)) {
                return text(name);
            }
        }
        return "0";
    }

    private boolean has(String name) {
        return !text(name).isEmpty();
    }

    /// Empty where it is not set.
    private String text(String name) {
        return environment.getOrDefault(name, "").strip();
    }

    private int numberOr(String name, int other) {
        return has(name) ? number(name) : other;
    }

    private int number(String name) {
        String value = text(name);
        if (!value.matches("\\d{1,9}")) {
            throw new ConfigException("environment: %s: expected a number, found '%s'".formatted(name, value));
        }
        return Integer.parseInt(value);
    }

    private static int port(String name, String value) {
        if (!value.strip().matches("\\d{1,5}") || Integer.parseInt(value.strip()) > 0xffff) {
            throw new ConfigException("%s: expected a port from 0 to 65535, found '%s'".formatted(name, value));
        }
        return Integer.parseInt(value.strip());
    }
}
