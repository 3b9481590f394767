/// GGUF files: the format of llama.cpp, in which many checkpoints are handed around, as a source of Hugging Face
/// weights,
/// configuration and tokenizer.
///
/// Read in this order: [GgufFile] (bytes to metadata and tensor table), [GgufType] and [Blocks] (number formats),
/// [GgufModel] (names and row order of Hugging Face), [GgufConfig], [GgufTokenizer].
///
/// Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
@NullMarked
package awl.model.gguf;

import org.jspecify.annotations.NullMarked;
