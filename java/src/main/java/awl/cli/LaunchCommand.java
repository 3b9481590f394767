package awl.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl launch`: one command in several processes of this machine, as ranks that work together.
@Command(
        name = "launch",
        mixinStandardHelpOptions = true,
        description = {
            "Start N processes of one awl command on this machine, for instance: awl launch --nproc 2 -- train --config"
                    + " run.yaml",
            "They get torchrun's variables (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, ...) and cores / N threads each"
                    + " unless OMP_NUM_THREADS is set. Rank 0 speaks; lines of the others begin with their rank.",
            "Signals (TERM, INT, HUP, USR1, USR2) are passed on. When one process fails, the others get some seconds to"
                    + " end by themselves; the exit code is that of the failure."
        })
final class LaunchCommand implements Callable<Integer> {

    @Option(names = "--nproc", required = true, paramLabel = "N", description = "How many processes.")
    int processes;

    @Option(
            names = "--max-restarts",
            paramLabel = "K",
            defaultValue = "0",
            description = "Start all anew, with --resume, after a process died; at most K times. Default: 0.")
    int restarts;

    @Option(names = "--master-port", paramLabel = "P", description = "Port of the rendezvous. Default: a free one.")
    @Nullable
    Integer port;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            defaultValue = "35",
            description = "How long the others may take to end after a failure. Default: ${DEFAULT-VALUE}.")
    int grace;

    @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The command and its arguments.")
    List<String> command = List.of();

    @Override
    public Integer call() {
        if (processes < 1) {
            throw new awl.ConfigException("--nproc: expected at least 1, found " + processes);
        }
        LocalRanks ranks = new LocalRanks(processes, port, grace, System.out, System.err);
        ranks.passSignalsOn();
        int code = ranks.run(command, 0);
        for (int restart = 1; restart <= restarts && ranks.worthRestarting(code); restart++) {
            System.err.printf("awl: launch: ended with %d; start %d of at most %d%n", code, restart + 1, restarts + 1);
            code = ranks.run(resuming(command), restart);
        }
        return code;
    }

    private static List<String> resuming(List<String> command) {
        if (!command.getFirst().equals("train") || command.contains("--resume")) {
            return command;
        }
        List<String> more = new java.util.ArrayList<>(command);
        more.add("--resume");
        return more;
    }
}
