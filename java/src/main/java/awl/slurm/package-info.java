/// Jobs of a Slurm cluster: what `awl slurm` writes. Knows text only; ranks find each other by `awl.parallel`.
@org.jspecify.annotations.NullMarked
package awl.slurm;
