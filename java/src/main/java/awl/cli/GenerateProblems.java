package awl.cli;

import awl.ConfigException;
import awl.task.Problem;
import awl.task.ProblemFile;
import awl.task.ProblemSet;
import awl.task.ProblemSets;
import awl.task.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl problems generate`: questions from templates, with gold answers, traces and solutions.
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = {
            "Make questions with answers, scripted tool calls and derivations, as JSON lines.",
            "Splits never overlap: what a question is about decides to which split it belongs."
        })
final class GenerateProblems implements Callable<Integer> {

    @Option(
            names = "--set",
            split = ",",
            paramLabel = "NAME",
            description = "mechanics, pde, epidemiology, climate; several by commas. Default: all.")
    List<String> sets = List.of();

    @Option(names = "--kinds", split = ",", paramLabel = "KIND", description = "Only these kinds of one set.")
    List<String> kinds = List.of();

    @Option(names = "--open", description = "The open-ended kinds instead.")
    boolean open;

    @Option(names = "--count", required = true, paramLabel = "N", description = "Questions of each set.")
    int count;

    @Option(names = "--seed", defaultValue = "1", description = "Default: ${DEFAULT-VALUE}.")
    long seed;

    @Option(names = "--split", defaultValue = "train", description = "train, validation or test. Default: train.")
    String split = "train";

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "JSON lines; - is standard output.")
    Path output = Path.of("");

    @Override
    public Integer call() {
        if (count < 1) {
            throw new ConfigException("--count: expected at least 1, found " + count);
        }
        if (!kinds.isEmpty() && sets.size() != 1) {
            throw new ConfigException("--kinds: name one --set to which they belong");
        }
        Split wanted = java.util.Arrays.stream(Split.values())
                .filter(each -> each.label().equals(split))
                .findFirst()
                .orElseThrow(() ->
                        new ConfigException("--split: expected train, validation or test, found '" + split + "'"));
        List<ProblemSet> from = sets.isEmpty()
                ? ProblemSets.ALL
                : sets.stream().map(ProblemSets::named).toList();
        List<Problem> problems = new ArrayList<>();
        for (ProblemSet set : from) {
            List<String> asked = open ? set.openKinds() : kinds;
            if (open && asked.isEmpty()) {
                continue;
            }
            List<Problem> made = set.generate(count, seed, wanted, asked);
            if (made.size() < count) {
                System.err.println("%s: only %d questions in this split".formatted(set.name(), made.size()));
            }
            problems.addAll(made);
        }
        ProblemFile.write(output, problems);
        System.err.println("%s: %d questions".formatted(output, problems.size()));
        return 0;
    }
}
