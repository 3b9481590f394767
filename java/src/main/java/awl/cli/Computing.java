package awl.cli;

/// A command that runs a model: libtorch is loaded on another thread while its arguments and input are read.
interface Computing {}
