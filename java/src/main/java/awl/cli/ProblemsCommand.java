package awl.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `awl problems`: makes, shows and checks problem sets.
@Command(
        name = "problems",
        mixinStandardHelpOptions = true,
        description = "Generate, inspect and check problem sets.",
        subcommands = {GenerateProblems.class, InspectProblems.class, CheckProblems.class})
final class ProblemsCommand implements Runnable {

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "say what to do: generate, inspect or check");
    }
}
