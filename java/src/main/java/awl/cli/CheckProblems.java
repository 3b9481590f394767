package awl.cli;

import awl.task.Contamination;
import awl.task.Problem;
import awl.task.ProblemCheck;
import awl.task.ProblemFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl problems check`: what is wrong with files of problems, and whether a test set was seen.
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Check every row: fields, ids, letters, tools and their arguments, same text same answer; generated"
                    + " questions are solved again by a second method.",
            "With --test, its questions are looked for in the other files. Exit code 2 where anything is wrong."
        })
final class CheckProblems implements Callable<Integer> {

    private static final int NAMED = 20;

    @Parameters(arity = "0..*", paramLabel = "FILE", description = "Problems, such as a training set, demonstrations.")
    List<Path> files = List.of();

    @Option(names = "--test", paramLabel = "FILE", description = "Problems that must not be in the other files.")
    List<Path> tests = List.of();

    @Override
    public Integer call() {
        if (files.isEmpty() && tests.isEmpty()) {
            throw new awl.ConfigException("name at least one file to check");
        }
        int wrong = 0;
        List<Problem> seen = new ArrayList<>();
        List<Problem> held = new ArrayList<>();
        for (Path file : files) {
            wrong += check(file, seen);
        }
        for (Path file : tests) {
            wrong += check(file, held);
        }
        if (!tests.isEmpty() && !files.isEmpty()) {
            List<String> found = Contamination.between(held, seen).stream()
                    .map(each -> "%s of the test set is in the other files as %s (%s)"
                            .formatted(
                                    each.held().id(),
                                    each.other().id(),
                                    switch (each.likeness()) {
                                        case EXACT -> "the same text";
                                        case NORMALISED -> "the same words";
                                        case SEQUENCES -> "the same numbers, most word sequences";
                                    }))
                    .toList();
            tell(found);
            System.err.println("%d of %d test questions are in the other files".formatted(found.size(), held.size()));
            wrong += found.size();
        }
        return wrong == 0 ? 0 : 2;
    }

    private static int check(Path file, List<Problem> into) {
        List<ProblemFile.Row> rows = ProblemFile.rows(file);
        rows.stream().map(ProblemFile.Row::problem).filter(Objects::nonNull).forEach(into::add);
        List<String> wrong = ProblemCheck.problems(rows);
        tell(wrong);
        System.err.println("%s: %d questions, %d faults".formatted(file, rows.size(), wrong.size()));
        return wrong.size();
    }

    private static void tell(List<String> faults) {
        faults.stream().limit(NAMED).forEach(System.err::println);
        if (faults.size() > NAMED) {
            System.err.println("... and " + (faults.size() - NAMED) + " more");
        }
    }
}
