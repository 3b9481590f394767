/// The method as stages that speak files: what `awl quickstart` runs, from problems to an evaluated model.
@org.jspecify.annotations.NullMarked
package awl.pipeline;
