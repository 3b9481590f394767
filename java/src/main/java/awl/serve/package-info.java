/// `awl serve`: OpenAI's interface over our own generator, for rollouts from other machines and for programs that know
/// nothing of this engine. [ModelServer] knows HTTP and JSON, [Engine] drives the model on one thread; between them
/// stand requests and futures.
@NullMarked
package awl.serve;

import org.jspecify.annotations.NullMarked;
