package awl.task;

import awl.tool.Numbers;

/// The right answer of a question.
public sealed interface Gold {

    /// The tolerance of the paper for numbers.
    double TOLERANCE = 0.05;

    /// The answer as it is written at the end of a solution.
    String text();

    /// One of the options.
    ///
    /// @param letter `A` for the first
    record Choice(char letter) implements Gold {
        @Override
        public String text() {
            return String.valueOf(letter);
        }

        /// Index of the option, from 0.
        public int index() {
            return letter - 'A';
        }
    }

    /// A number.
    ///
    /// @param unit of the value; empty where it has none
    /// @param tolerance relative error that still counts as right
    record Quantity(double value, String unit, double tolerance) implements Gold {
        @Override
        public String text() {
            String number = Numbers.significant(value);
            return unit.isEmpty() ? number : unit.equals("%") ? number + "%" : number + " " + unit;
        }
    }

    /// A formula, in LaTeX or plain.
    record Expression(String expression) implements Gold {
        @Override
        public String text() {
            return expression;
        }
    }

    /// A word or phrase; case, blanks and a full stop do not matter.
    record Words(String words) implements Gold {
        @Override
        public String text() {
            return words;
        }
    }

    /// No single answer: a proposal is scored by its set, see [OpenEnded].
    ///
    /// @param metric name of the score
    /// @param lowerIsBetter its direction
    /// @param target a proposal that reaches it counts as right
    record Open(String metric, boolean lowerIsBetter, double target) implements Gold {
        @Override
        public String text() {
            return metric + (lowerIsBetter ? " at most " : " at least ") + Numbers.significant(target);
        }
    }
}
