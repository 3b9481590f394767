package awl.token.jinja;

import java.util.Iterator;

/// A lazy sequence that can be walked once, as Python's generators: what `map`, `select` or `reverse` give.
/// It has no length and no elements by number, is always true, and is empty the second time.
record OneShot(String typeName, Iterator<Object> iterator) {
    static OneShot generator(Iterator<Object> iterator) {
        return new OneShot("generator", iterator);
    }
}
