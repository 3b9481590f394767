/// Native memory and its lifetimes: scopes, the tape of explicit backward functions, shapes, file-backed tensors.
///
/// Axes, here and in the C headers. Locals end in their axes (`hidden_ND`, `logProb_A`).
///
/// | letter | axis |
/// |---|---|
/// | `N` | tokens of a micro-batch, all documents end to end |
/// | `A` | active rows: those with a weight other than zero |
/// | `S` | sequences (documents, or slots of a key/value cache) |
/// | `T` | tokens of one sequence |
/// | `D` | model width |
/// | `V` | vocabulary |
/// | `H` | query heads |
/// | `K` | key/value heads |
/// | `E` | head width |
/// | `F` | feed-forward width |
/// | `R` | LoRA rank |
/// | `L` | layers |
@NullMarked
package awl.tensor;

import org.jspecify.annotations.NullMarked;
