/// The problem set of `awl quickstart`: thirteen kinds of short questions in four sets (mechanics, diffusion,
/// epidemiology, climate), their tools as small simulators, and the vocabulary and chat template of a model of less
/// than
/// a million parameters that can learn them from nothing.
@org.jspecify.annotations.NullMarked
package awl.task.mini;
