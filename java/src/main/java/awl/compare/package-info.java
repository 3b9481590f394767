/// Runs side by side, from what is in their folders: `awl compare`.
@org.jspecify.annotations.NullMarked
package awl.compare;
