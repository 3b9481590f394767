package awl.cli;

import awl.AwlException;
import awl.tensor.LibTorch;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// `awl`: the entry point. Each command is one class, listed in [#COMMANDS].
@Command(
        name = "awl",
        mixinStandardHelpOptions = true,
        version = "awl 0.1.0",
        description = "Adapting While Learning: fine-tune language models to use tools when they need them.",
        synopsisSubcommandLabel = "COMMAND")
public final class Main implements Runnable {

    /// Every command, in the order of the help page.
    static final Class<?>[] COMMANDS = {
        QuickstartCommand.class,
        RunCommand.class,
        AblateCommand.class,
        SolveCommand.class,
        RestateCommand.class,
        PartitionCommand.class,
        ComposeCommand.class,
        EvaluateCommand.class,
        RankCommand.class,
        ReportCommand.class,
        DoctorCommand.class,
        TokenizeCommand.class,
        RenderCommand.class,
        ShowCommand.class,
        ScoreCommand.class,
        GenerateCommand.class,
        ServeCommand.class,
        TrainCommand.class,
        LaunchCommand.class,
        CompareCommand.class,
        TrackCommand.class,
        SlurmCommand.class,
        ExportCommand.class,
        ConvertCommand.class,
        DataCommand.class,
        ProblemsCommand.class,
        BenchCommand.class,
        BenchGenerateCommand.class,
        BenchRanksCommand.class,
        RehearseCommand.class,
    };

    @Option(names = "--stacktrace", scope = ScopeType.INHERIT, description = "Print the stack trace of an error.")
    boolean stacktrace;

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }

    public static void main(String[] args) {
        System.exit(execute(args));
    }

    /// Runs one command line.
    ///
    /// @return 0, or 2 where the user's input was at fault, or 1 where we were
    static int execute(String... args) {
        Class<?> named = named(args);
        if (named != null && Computing.class.isAssignableFrom(named) && !asksForHelp(args)) {
            LibTorch.begin();
        }
        Main main = new Main();
        CommandLine line = new CommandLine(main);
        for (Class<?> command : named == null ? List.of(COMMANDS) : List.of(named)) {
            line.addSubcommand(command);
        }
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((error, at, parsed) -> {
            if (main.stacktrace) {
                error.printStackTrace(at.getErr());
            }
            if (error instanceof AwlException ours) {
                at.getErr().println("awl: " + ours.getMessage());
                return ours.exitCode();
            }
            if (error instanceof UncheckedIOException io) { // the disk is full, a file was taken away
                Throwable cause = io.getCause();
                String why = cause == null ? "" : String.valueOf(cause.getMessage());
                String said = String.valueOf(io.getMessage());
                at.getErr().println("awl: " + said + (said.contains(why) ? "" : ": " + why));
                return 1;
            }
            at.getErr().println("awl: internal error: " + error + " (run with --stacktrace and report it)");
            return 1;
        });
        return line.execute(args);
    }

    /// The command that the first argument names. Looking at all the others would take a tenth of a second.
    private static @Nullable Class<?> named(String... args) {
        for (Class<?> command : COMMANDS) {
            if (args.length > 0 && command.getAnnotation(Command.class).name().equals(args[0])) {
                return command;
            }
        }
        return null;
    }

    private static boolean asksForHelp(String... args) {
        List<String> all = List.of(args);
        return all.contains("--help") || all.contains("-h");
    }
}
