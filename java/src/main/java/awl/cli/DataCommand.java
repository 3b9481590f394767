package awl.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `awl data`: training rows from public data sets.
@Command(
        name = "data",
        mixinStandardHelpOptions = true,
        description = "Make training rows from data sets you have.",
        subcommands = Gsm8kCommand.class)
final class DataCommand implements Runnable {

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "name the data set: gsm8k");
    }
}
