/// JMH benchmarks, each with a question it answers. Cases come from the tests' tables and are checked in
/// `@Setup`.
///
/// Run them with `benchmarks/run.sh`; [awl.benchmarks.BenchmarkTable] interleaves and prints.
@NullMarked
package awl.benchmarks;

import org.jspecify.annotations.NullMarked;
