/// A small HTTP/1.1 server: a virtual thread a connection, every wait and every size bounded, a client that
/// leaves noticed while its answer is being made. Strict: what two readers could read in two ways is refused.
/// It knows nothing of models.
@NullMarked
package awl.serve.http;

import org.jspecify.annotations.NullMarked;
