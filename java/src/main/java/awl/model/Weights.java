package awl.model;

import awl.tensor.Parameter;

/// Where the parts of a model get their parameters: a checkpoint, or random numbers.
interface Weights {

    /// How a parameter starts when it is not read.
    enum Start {
        NORMAL,
        ZERO,
        ONE
    }

    /// @param name Hugging Face's
    Parameter take(String name, Start start, long... shape);
}
