package awl.pipeline;

import awl.ConfigException;
import awl.DataException;
import awl.data.SplitMix;
import awl.pipeline.PipelineConfig.Contaminated;
import awl.task.Contamination;
import awl.task.Problem;
import awl.task.ProblemFile;
import awl.task.ProblemSet;
import awl.task.ProblemSets;
import awl.task.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The questions of a run: generated ones and those of files, checked against each other before anything is trained.
final class ProblemSource {

    private static final int NAMED = 5;

    private final PipelineConfig.Problems wanted;
    private final StageNotes notes;

    ProblemSource(PipelineConfig.Problems wanted, StageNotes notes) {
        this.wanted = wanted;
        this.notes = notes;
    }

    List<Problem> training() {
        return all(Split.TRAIN, wanted.train(), wanted.trainFiles(), wanted.fileTrain());
    }

    List<Problem> unseen() {
        return all(Split.TEST, wanted.test(), wanted.testFiles(), wanted.fileTest());
    }

    /// Open-ended questions of the sets that have some.
    List<Problem> open(Split split) {
        List<Problem> problems = new ArrayList<>();
        for (String name : wanted.sets()) {
            ProblemSet set = ProblemSets.named(name);
            if (!set.openKinds().isEmpty()) {
                problems.addAll(set.generate(wanted.open(), wanted.seed(), split, set.openKinds()));
            }
        }
        if (problems.isEmpty()) {
            throw new ConfigException("problems.open: none of the sets %s has open-ended questions"
                    .formatted(String.join(", ", wanted.sets())));
        }
        // Numbered as the others are: one more word keeps the ids apart.
        return problems.stream().map(each -> each.withId("open-" + each.id())).toList();
    }

    private List<Problem> all(Split split, int count, List<String> files, @Nullable Integer most) {
        List<Problem> problems = new ArrayList<>();
        for (String name : wanted.sets()) {
            ProblemSet set = ProblemSets.named(name);
            List<String> kinds = wanted.kinds().stream()
                    .filter(kind -> set.kinds().contains(kind))
                    .toList();
            if (wanted.kinds().isEmpty() || !kinds.isEmpty()) {
                problems.addAll(set.generate(count, wanted.seed(), split, kinds));
            }
        }
        requireKindsKnown();
        for (String file : files) {
            problems.addAll(drawn(ProblemFile.read(Path.of(file)), most));
        }
        Set<String> ids = new HashSet<>();
        for (Problem each : problems) {
            if (!ids.add(each.id())) {
                throw new DataException(
                        "problems: id '%s' comes twice; ids must differ over all sets and files".formatted(each.id()));
            }
        }
        return problems;
    }

    private void requireKindsKnown() {
        Set<String> known = wanted.sets().stream()
                .flatMap(name -> ProblemSets.named(name).kinds().stream())
                .collect(Collectors.toSet());
        for (String kind : wanted.kinds()) {
            if (!known.contains(kind)) {
                throw new ConfigException("problems.kinds: '%s' is no kind of %s; meant '%s'?"
                        .formatted(kind, String.join(", ", wanted.sets()), awl.data.Nearest.of(kind, known)));
            }
        }
    }

    /// Some of a file, drawn by the seed, in the file's order.
    private List<Problem> drawn(List<Problem> all, @Nullable Integer most) {
        if (most == null || most >= all.size()) {
            return all;
        }
        SplitMix random = new SplitMix(SplitMix.mix(wanted.seed()));
        int[] order = new int[all.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        for (int i = order.length - 1; i > 0; i--) {
            int other = random.below(i + 1);
            int kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        return java.util.Arrays.stream(order)
                .limit(most)
                .sorted()
                .mapToObj(all::get)
                .toList();
    }

    /// Looks for unseen questions among those trained on or shown.
    ///
    /// @return what may be trained on
    /// @throws ConfigException where some are and the run was not told otherwise
    List<Problem> checked(List<Problem> training, List<Problem> unseen, List<Problem> shown) {
        List<Problem> others = new ArrayList<>(training);
        others.addAll(shown);
        List<Contamination.Found> found = Contamination.between(unseen, others);
        if (found.isEmpty()) {
            return training;
        }
        String some = found.stream()
                .limit(NAMED)
                .map(each -> "%s as %s (%s)"
                        .formatted(
                                each.held().id(),
                                each.other().id(),
                                each.likeness().name().toLowerCase(java.util.Locale.ROOT)))
                .collect(Collectors.joining(", "));
        String what = "%,d of %,d unseen questions are among those trained on or shown: %s%s"
                .formatted(found.size(), unseen.size(), some, found.size() > NAMED ? ", ..." : "");
        if (wanted.contamination() == Contaminated.REFUSE) {
            throw new ConfigException(what
                    + "; take them out, or say problems.contamination: drop (leave them out of training) or allow");
        }
        notes.say(what);
        if (wanted.contamination() == Contaminated.ALLOW) {
            return training;
        }
        if (!Contamination.between(unseen, shown).isEmpty()) {
            throw new ConfigException(what + "; some are demonstrations (prompts.demonstrations): take those out");
        }
        return withoutFound(training, unseen);
    }

    /// A held question names only the closest it was found in: what is left is looked through again.
    private List<Problem> withoutFound(List<Problem> training, List<Problem> unseen) {
        List<Problem> left = training;
        for (List<Contamination.Found> found = Contamination.between(unseen, left);
                !found.isEmpty();
                found = Contamination.between(unseen, left)) {
            Set<String> drop = found.stream().map(each -> each.other().id()).collect(Collectors.toSet());
            left = left.stream().filter(each -> !drop.contains(each.id())).toList();
        }
        notes.say("%,d training questions are left out".formatted(training.size() - left.size()));
        return left;
    }

    static Map<String, Problem> byId(List<Problem> problems) {
        Map<String, Problem> byId = new LinkedHashMap<>();
        problems.forEach(each -> byId.put(each.id(), each));
        return byId;
    }
}
