package awl.task;

import awl.grade.Answers;
import awl.grade.Grade;

/// Grades a reply to a problem.
public final class Grader {

    private Grader() {}

    /// @param reply as the model wrote it, without its tool calls
    public static Grade grade(Problem problem, String reply) {
        return switch (problem.gold()) {
            case Gold.Choice choice -> Answers.choice(reply, choice.letter(), problem.options());
            case Gold.Quantity number -> Answers.number(reply, number.value(), number.unit(), number.tolerance());
            case Gold.Expression formula -> Answers.expression(reply, formula.expression());
            case Gold.Words words -> Answers.words(reply, words.words());
            case Gold.Open open -> open(problem, open, reply);
        };
    }

    private static Grade open(Problem problem, Gold.Open gold, String reply) {
        OpenEnded.Score score = score(problem, reply);
        if (!score.valid()) {
            return Grade.wrong(null, score.reason());
        }
        String found = gold.metric() + " " + awl.tool.Numbers.significant(score.value());
        boolean reached = gold.lowerIsBetter() ? score.value() <= gold.target() : score.value() >= gold.target();
        return reached ? Grade.right(found) : Grade.wrong(found, "expected " + gold.text());
    }

    /// The score of a proposal for an open-ended problem.
    ///
    /// @throws awl.ConfigException where its set is unknown
    public static OpenEnded.Score score(Problem problem, String reply) {
        return ProblemSets.named(problem.set()) instanceof OpenEnded scorer
                ? scorer.score(problem, reply)
                : OpenEnded.Score.invalid("set '" + problem.set() + "' scores no proposals");
    }
}
