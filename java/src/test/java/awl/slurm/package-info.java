@org.jspecify.annotations.NullMarked
package awl.slurm;
