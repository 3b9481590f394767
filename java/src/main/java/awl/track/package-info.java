/// Where the numbers of a run go beside its own files: TensorBoard event files, an MLflow server, a
/// Prometheus endpoint. None of them can stop or slow training; what they miss is in `metrics.jsonl`. Knows
/// steps and numbers, not training.
@org.jspecify.annotations.NullMarked
package awl.track;
