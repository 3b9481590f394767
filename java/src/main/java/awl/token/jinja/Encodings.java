package awl.token.jinja;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// `str.encode` and `bytes.decode` for the encodings text comes in.
final class Encodings {
    private Encodings() {}

    private static Charset charset(Object name) {
        return switch (Values.string(name).toLowerCase(Locale.ROOT).replace('_', '-')) {
            case "utf-8", "utf8" -> StandardCharsets.UTF_8;
            case "ascii", "us-ascii" -> StandardCharsets.US_ASCII;
            case "latin-1", "latin1", "iso-8859-1" -> StandardCharsets.ISO_8859_1;
            case "utf-16-le", "utf-16le" -> StandardCharsets.UTF_16LE;
            case "utf-16-be", "utf-16be" -> StandardCharsets.UTF_16BE;
            default -> throw Fault.lookup("unknown encoding: " + Values.string(name));
        };
    }

    private static CodingErrorAction action(Object errors) {
        return switch (Values.string(errors)) {
            case "strict" -> CodingErrorAction.REPORT;
            case "ignore" -> CodingErrorAction.IGNORE;
            case "replace" -> CodingErrorAction.REPLACE;
            default -> throw Fault.lookup("unknown error handler name '" + Values.string(errors) + "'");
        };
    }

    static Bytes encode(String text, Object encoding, Object errors) {
        CharsetEncoder encoder = charset(encoding).newEncoder();
        encoder.onMalformedInput(action(errors)).onUnmappableCharacter(action(errors));
        try {
            ByteBuffer octets = encoder.encode(CharBuffer.wrap(text));
            byte[] copy = new byte[octets.remaining()];
            octets.get(copy);
            return new Bytes(copy);
        } catch (CharacterCodingException unmappable) {
            throw Fault.value("codec can't encode character: " + unmappable.getMessage());
        }
    }

    static String decode(Bytes bytes, Object encoding, Object errors) {
        CharsetDecoder decoder = charset(encoding).newDecoder();
        decoder.onMalformedInput(action(errors)).onUnmappableCharacter(action(errors));
        try {
            return decoder.decode(ByteBuffer.wrap(bytes.octets())).toString();
        } catch (CharacterCodingException malformed) {
            throw Fault.value("codec can't decode bytes: " + malformed.getMessage());
        }
    }
}
