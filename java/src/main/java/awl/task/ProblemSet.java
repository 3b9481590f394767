package awl.task;

import awl.tool.Tool;
import java.util.List;

/// Makes questions of one subject. One folder a set, one line in [ProblemSets#ALL].
public interface ProblemSet {

    /// Name in ids, files and on the command line.
    String name();

    /// What can be asked.
    List<String> kinds();

    /// What can be asked without a single answer; only made when asked for by name, see [OpenEnded].
    default List<String> openKinds() {
        return List.of();
    }

    /// The tools that its traces call.
    List<Tool> tools();

    /// Questions in equal shares of the kinds, no text twice. A kind with fewer texts than its share gives
    /// what it has, and the others fill up.
    ///
    /// @param kinds of [#kinds]; empty for all with a single answer
    /// @throws awl.ConfigException where a kind is unknown
    List<Problem> generate(int count, long seed, Split split, List<String> kinds);

    /// Finds the answer again, by another method than the one that made it, and holds it against the rules
    /// of the subject.
    ///
    /// @return what is wrong; empty where nothing is
    List<String> recheck(Problem problem);
}
